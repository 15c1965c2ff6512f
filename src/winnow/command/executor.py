"""Repetitions side by side, in single-thread processes that import once and share the data.

Every repetition is one thread wide, so how many run at once changes the waiting time and nothing else:
`n_jobs=1` and `n_jobs=8` give the same numbers, bit for bit. Workers are forked from a server process that
has imported torch and Lightning, once, while the command still reads and embeds the data. Images reach them
memory-mapped from the cache.
"""

import io
import os
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from multiprocessing import forkserver
from typing import Any

from numpy import ndarray

from winnow.command.interruption import interruption
from winnow.errors import WinnowError
from winnow.network.allocation import available_cores
from winnow.network.processes import (
    environment,
    follow_parent,
    signals_kept_from_children,
    start_context,
)
from winnow.pipeline import Method, Repetition
from winnow.stages import Source
from winnow.store.cache import Cache
from winnow.types import Dataset

DATASET_ARRAYS = ("x", "y", "x_test", "y_test")
PRELOADED = ["loky.process_executor", "pytorch_lightning", "winnow.command.executor"]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SECONDS_BETWEEN_LOOKS = 0.2

Work = Callable[[Repetition], Any]


class WorkerDied(WinnowError):
    """A worker process was killed from outside, most often because memory ran out."""

    def __init__(self) -> None:
        super().__init__(
            "a worker process died, most likely killed because memory ran out",
            remedy="lower n_jobs, or free memory, and type the same line again: finished work is kept",
        )

    def __reduce__(self) -> tuple:
        return WorkerDied, ()


@dataclass
class Executor:
    """A pool of `n_jobs` processes (-1: as many as cores allow); with 1, work is done in this process.

    `processes` is how many processes one piece of work takes, `cores` how many cores there are for all.
    """

    n_jobs: int
    processes: int = 1
    cores: int = field(default_factory=available_cores)
    _shared: set[str] = field(default_factory=set)
    _running: Any = None

    @property
    def width(self) -> int:
        """Number of repetitions that run at once."""
        return max(self.cores // self.processes, 1) if self.n_jobs == -1 else self.n_jobs

    def start(self) -> None:
        """Let the server that workers are forked from begin with its imports; returns at once."""
        if self.width > 1 and start_context(PRELOADED).get_start_method() == "forkserver":
            # Libraries read the number of threads when they are loaded.
            with environment(ONE_THREAD), signals_kept_from_children():
                forkserver.ensure_running()

    def submit(self, work: Work, repetition: Repetition, source: Source) -> Future:
        """Have `work` done on a repetition of the data set that `source` reads."""
        if self.width == 1:
            return _done_here(work, repetition)
        dataset = repetition.dataset
        if dataset.checksum not in self._shared:
            share(dataset, repetition.cache)
            self._shared.add(dataset.checksum)
        task = Task(source, dataset.checksum, repetition.method, repetition.cache, repetition.number)
        return self._pool().submit(_run, work, task)

    def wait(self, futures: Iterable[Future]) -> set[Future]:
        """Return the futures that are done, as soon as there is one; obey signals meanwhile."""
        while True:
            interruption.check()
            done, _ = wait(futures, timeout=SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)
            if done:
                interruption.check()
                return done

    def stop(self) -> None:
        """Stop all workers at once; what they had finished is in the cache."""
        if self._running is not None:
            self._running.shutdown(wait=False, kill_workers=True)
            self._running = None

    def _pool(self) -> Any:
        import loky

        first = self._running is None
        self._running = loky.get_reusable_executor(
            self.width, context=start_context(PRELOADED), timeout=600, initializer=follow_parent
        )
        if first:
            # Without a server, workers load the libraries themselves.
            with environment(ONE_THREAD), signals_kept_from_children():
                self._running.submit(os.getpid)
        return self._running


def _done_here(work: Work, repetition: Repetition) -> Future:
    future: Future = Future()
    try:
        with interruption.interruptible():
            future.set_result(work(repetition))
    except Exception as error:
        future.set_exception(error)
    return future


def died(error: BaseException | None) -> bool:
    """Whether a future failed because its worker process ended or was told to end."""
    return isinstance(error, BrokenProcessPool) or not isinstance(error, Exception | type(None))


@dataclass(frozen=True)
class Task:
    """One repetition, as it travels to a worker: small, because the images stay on disk."""

    source: Source
    checksum: str
    method: Method
    cache: Cache
    number: int


def share(dataset: Dataset, cache: Cache) -> None:
    """Put the data set's arrays where workers can map them into memory.

    Rows that are read from files when they are asked for are not: workers read these files, too.
    """
    if not isinstance(dataset.x, ndarray):
        return
    about = {"name": dataset.name, "classes": list(dataset.classes)}
    arrays = {name: getattr(dataset, name) for name in DATASET_ARRAYS}
    cache.fetch("dataset", dataset.checksum, lambda: (arrays, about))


def _run(work: Work, task: Task) -> Any:
    dataset = _dataset(task.source, task.checksum, task.cache)
    return work(Repetition(task.method, dataset, task.cache, task.number))


# The data set this worker process works on; it meets one at a time.
_held: dict[str, Dataset] = {}


def _dataset(source: Source, checksum: str, cache: Cache) -> Dataset:
    if checksum not in _held:
        _held.clear()
        entry = cache.load("dataset", checksum)
        if entry is None:  # rows in files; or the cache may be read-only, or its disk full
            with redirect_stderr(io.StringIO()):  # what there is to say of the data was said once
                _held[checksum] = source.load()
        else:
            classes = tuple(entry.info["classes"])
            _held[checksum] = Dataset(entry.info["name"], **entry.arrays, classes=classes)
    return _held[checksum]
