"""Where and how torch computes: the device, one thread, repeatable algorithms; and a check of the losses."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from winnow.errors import InvalidValue

if TYPE_CHECKING:
    import torch


def device_for(accelerator: str) -> "torch.device":
    """Return the device that `auto`, `cpu` or `gpu` means on this machine.

    Raises
    ------
    InvalidValue
        If a GPU is required and there is none: training silently on the CPU would take hours.
    """
    import torch

    if accelerator == "gpu" and not torch.cuda.is_available():
        raise InvalidValue(
            "accelerator must be available on this machine, got 'gpu' and no usable GPU",
            where="trainer.accelerator=gpu",
            remedy="use trainer.accelerator=auto or cpu",
        )
    on_gpu = accelerator != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if on_gpu else "cpu")


def name_of(device: "torch.device") -> str:
    """Return what a device is called: `cpu`, or the name of the GPU as its driver gives it."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def free_memory(device: "torch.device") -> float:
    """Return the bytes of memory that are free on a device, as far as the system tells."""
    import torch

    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return float(free)
    if not hasattr(os, "sysconf"):  # Windows
        return math.inf
    try:
        known = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return 1024.0 * int(known["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


@cache  # a process trains many networks
def check_compiles(device: "torch.device") -> None:
    """Compile a network of one weight, which takes seconds, to learn whether `torch.compile` works here.

    Raises
    ------
    InvalidValue
        If it does not, with what torch says about it: mostly a missing compiler.
    """
    import torch

    try:
        torch.compile(torch.nn.Linear(1, 1).to(device))(torch.zeros(1, 1, device=device))
    except (
        Exception
    ) as error:  # torch promises no kind of error, and what compiles on the CPU is another program
        raise InvalidValue(
            f"the network must be compiled by torch.compile, got {' '.join(str(error).split())[:200]}",
            where="trainer.compile=true",
            remedy="install a C++ compiler, or set trainer.compile=false",
        ) from error


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

    before = torch.are_deterministic_algorithms_enabled()
    if wanted:
        # Matrix products on a GPU are repeatable only with a workspace of fixed size (torch's documentation).
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        if wanted:
            torch.use_deterministic_algorithms(before)


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
        remedy="lower the learning rate",
    )
