import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from winnow.network.device import fault_of, has_gpu, repeatable

ROOT = Path(__file__).parents[2]
ASK = "import sys; from winnow.network.device import has_gpu; print(has_gpu(), 'torch' in sys.modules)"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_machine_without_a_driver_is_known_to_have_no_gpu_without_torch():
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    answer = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout.split() == ["False", "False"]


def test_torch_has_the_last_word_about_the_gpu():
    assert has_gpu() == torch.cuda.is_available()


@pytest.mark.parametrize("wanted", [True, False])
def test_what_torch_may_use_is_as_it_was_after_the_block(wanted):
    assert not torch.are_deterministic_algorithms_enabled()
    with repeatable(wanted):
        assert torch.are_deterministic_algorithms_enabled() == wanted
        with repeatable(False):
            assert torch.are_deterministic_algorithms_enabled() == wanted
    assert not torch.are_deterministic_algorithms_enabled()


def test_nothing_wanted_of_torch_imports_no_compiler():
    ask = "import sys; from winnow.network.device import repeatable\nwith repeatable(False): "
    ask += "print('torch' in sys.modules, 'torch._inductor' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    answer = subprocess.run(
        [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout.split() == ["True", "False"]


def test_finite_losses_are_no_fault():
    assert fault_of(np.float32([2.3, 0.1])) is None
