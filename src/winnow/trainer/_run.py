"""Run Lightning inside a command that trains many networks: quiet, on one thread, and stopped by Ctrl-C.

On one thread always, because winnow runs repetitions side by side instead, and so a result does not depend
on the number of cores. What a library says about a lost process is said in one line.
"""

import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from pytorch_lightning import Trainer

from winnow.errors import WinnowError
from winnow.network.device import one_thread, repeatable


@contextmanager
def surroundings(*, deterministic: bool) -> Iterator[None]:
    """Restore the random state, the number of threads, warnings and torch's settings after the block."""
    with torch.random.fork_rng(), one_thread(), repeatable(deterministic), warnings.catch_warnings():
        # Advice to use worker processes, a logger or validation, and calls that torch has deprecated.
        warnings.filterwarnings("ignore", module="(pytorch_lightning|lightning_fabric)")
        yield


@contextmanager
def interruptible(trainer: Trainer) -> Iterator[None]:
    """Let Ctrl-C leave the block as KeyboardInterrupt.

    Lightning raises SystemExit(1) in its place and ignores any further Ctrl-C.
    """
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as ended:
        if not trainer.interrupted:
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from ended


@contextmanager
def reading(num_workers: int) -> Iterator[None]:
    """Say that a process that reads batches has died, and what to do."""
    try:
        yield
    except RuntimeError as error:
        if not (num_workers and "DataLoader worker" in str(error)):
            raise
        raise WinnowError(
            "a process that reads batches died, most likely killed because memory ran out",
            where=f"trainer.num_workers={num_workers}",
            remedy="lower trainer.num_workers or n_jobs, and type the same line again",
        ) from error
