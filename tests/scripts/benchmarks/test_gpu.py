"""What is to be measured on a GPU works on a CPU, too, where its figures say nothing."""

from importlib import import_module
from pathlib import Path

import pytest
import torch

from winnow.dataset.digits import Digits
from winnow.model.resnet9 import ResNet9

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    module = import_module("benchmarks.gpu")
    monkeypatch.setattr(module, "SHORT", 1)
    return module


def test_both_ways_are_timed(gpu):
    line = gpu.of_repetitions(Digits().load(), 2, 2, accelerator="cpu", note="here", repetitions=2)
    assert line.what == "LeNet-5 on digits, a step of 2 repetitions"
    assert (len(line.other), len(line.own)) == (2, 2)


def test_every_way_to_compute_is_timed_against_float32(gpu):
    ways = {"bfloat16": gpu.PRECISIONS["bfloat16"]}
    model = ResNet9(width=2)
    (line,) = gpu.of_precisions(Digits().load(), 1, 1, accelerator="cpu", ways=ways, note="here", model=model)
    assert (line.against, len(line.other), len(line.own)) == ("float32", 1, 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_nothing_is_measured(gpu):
    with pytest.raises(
        SystemExit, match=r"must run on a machine with an NVIDIA GPU, got none .* leave out row=gpu"
    ):
        gpu.require_gpu()
