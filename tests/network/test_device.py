import os

import numpy as np
import pytest
import torch

from winnow.errors import InvalidValue
from winnow.network.device import device_for, fault_of, free_memory, one_thread, repeatable


@pytest.mark.parametrize("wanted", [True, False])
def test_what_torch_may_use_is_as_it_was_after_the_block(wanted):
    assert not torch.are_deterministic_algorithms_enabled()
    with repeatable(wanted):
        assert torch.are_deterministic_algorithms_enabled() == wanted
        with repeatable(False):
            assert torch.are_deterministic_algorithms_enabled() == wanted
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_number_of_threads_is_as_it_was_after_the_block():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)


def test_auto_is_a_gpu_where_there_is_one():
    assert device_for("cpu").type == "cpu"
    assert device_for("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused_rather_than_replaced():
    with pytest.raises(InvalidValue, match="accelerator must be available"):
        device_for("gpu")


def test_free_memory_is_a_part_of_what_is_installed():
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < free_memory(torch.device("cpu")) <= installed


def test_finite_losses_are_no_fault():
    assert fault_of(np.float32([2.3, 0.1])) is None
