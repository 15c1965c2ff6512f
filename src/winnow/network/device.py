"""What any training loop needs: where to compute, on one thread, repeatably, and a verdict on the losses."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from inspect import unwrap
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from winnow.errors import InvalidValue

if TYPE_CHECKING:
    import torch


def has_gpu() -> bool:
    """Whether torch can use an NVIDIA GPU; where there is no driver for one, torch is not even imported."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()


def device_for(accelerator: str) -> "torch.device":
    """Return the device that `auto`, `cpu` or `gpu` means on this machine; never a silent fallback."""
    import torch

    if accelerator == "gpu" and not torch.cuda.is_available():
        raise InvalidValue(
            "accelerator must be available on this machine, got 'gpu' and no usable GPU",
            where="trainer.accelerator=gpu",
            remedy="use trainer.accelerator=auto or cpu",
        )
    on_gpu = accelerator != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if on_gpu else "cpu")


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread inside the block: other counts give other weights in the last bits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def repeatable(wanted: bool) -> Iterator[None]:
    """Inside the block, if `wanted`, let torch use only algorithms that give the same bits every time."""
    import torch

    if not wanted:  # to say so to torch would import its compiler
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


@cache
def uncompiled(kind: type["torch.optim.Optimizer"]) -> type["torch.optim.Optimizer"]:
    """Return this kind of optimiser without the wrappers that tell torch's compiler to leave it alone.

    At their first call they import the compiler, which takes as long as importing torch.
    """
    import torch

    plain = {name: unwrap(getattr(kind, name)) for name in ("step", "zero_grad", "add_param_group")}
    plain["step"] = torch.no_grad()(plain["step"])  # one of the wrappers did that, too
    return type(kind.__name__, (kind,), plain)


def fault_of(losses: Float32[ndarray, " steps"]) -> InvalidValue | None:
    """Return the error to raise if a loss is not finite, naming the first such step; else None.

    >>> fault_of(np.float32([2.3, np.inf, np.nan])).what
    'the loss must stay finite, got a non-finite loss at step 1'
    """
    if np.isfinite(losses).all():
        return None
    step = int(np.argmin(np.isfinite(losses)))
    return InvalidValue(
        f"the loss must stay finite, got a non-finite loss at step {step}",
        remedy="lower trainer.learning_rate",
    )
