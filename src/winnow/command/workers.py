"""Repetitions side by side, in single-thread processes that import once and share the data.

Every repetition is one thread wide, so how many run at once changes the waiting time and nothing else:
`n_jobs=1` and `n_jobs=8` give the same numbers, bit for bit. Workers are forked from a server process that
has imported torch and Lightning: that takes ten seconds of a core, once, while the command still reads and
embeds the data, and the workers share the memory of it. They stay for the whole sweep; images reach them
memory-mapped from the cache. Where repetitions are trained together, workers choose the rows and this process
trains.
"""

import multiprocessing
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from multiprocessing import forkserver
from threading import Thread
from typing import Any

from winnow.command.gathering import Gathered, Group, in_common
from winnow.errors import WinnowError
from winnow.pipeline import Method, Pipeline, Score
from winnow.stages import Source
from winnow.store.cache import Cache
from winnow.types import Dataset

DATASET_ARRAYS = ("x", "y", "x_test", "y_test")
PRELOADED = ["loky.process_executor", "winnow.trainer._callbacks", "winnow.command.workers"]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class WorkerDied(WinnowError):
    """A worker process was killed from outside, most often because memory ran out."""


def available_cores() -> int:
    """Cores this process may use: affinity and cgroup limits respected."""
    import loky

    return loky.cpu_count()


@dataclass
class Workers:
    """A pool of `n_jobs` processes (-1: one for each available core); with 1, work stays in this process."""

    n_jobs: int
    _pending: dict[str, Any] = field(default_factory=dict)
    _shared: set[str] = field(default_factory=set)
    _groups: dict[tuple, Group] = field(default_factory=lambda: defaultdict(Group))

    @property
    def width(self) -> int:
        """Number of repetitions that run at once."""
        return available_cores() if self.n_jobs == -1 else self.n_jobs

    def warm_up(self) -> None:
        """Begin with the imports that training needs; returns at once."""
        if self.width > 1:
            _fork_server()

    def submit(self, pipeline: Pipeline, source: Source, repetition: int) -> "Result":
        """Ask for one repetition; asking again for the same one returns the same future."""
        key = pipeline.trained_key(repetition)
        if key not in self._pending:
            self._pending[key] = self._start(pipeline, source, repetition)
        return self._pending[key]

    def _start(self, pipeline: Pipeline, source: Source, repetition: int) -> "Result":
        if not pipeline.method.trainer.trains_together:
            return self._hand_out(score, pipeline, source, repetition)
        # Rows are chosen side by side all the same, while this process trains.
        chosen = self._hand_out(choose, pipeline, source, repetition)
        return self._groups[in_common(pipeline)].add(pipeline, repetition, chosen.result)

    def _hand_out(self, work: "Work", pipeline: Pipeline, source: Source, repetition: int) -> "Result":
        if self.width == 1:
            return Deferred(work, pipeline, repetition)
        if pipeline.dataset.checksum not in self._shared:
            share(pipeline.dataset, pipeline.cache)
            self._shared.add(pipeline.dataset.checksum)
        task = Task(source, pipeline.dataset.checksum, pipeline.method, pipeline.cache, repetition)
        return self._pool().submit(repeat, work, task)

    def _pool(self) -> Any:
        import loky

        return loky.get_reusable_executor(
            self.width, context=_fork_server(), timeout=600, initializer=_follow_parent
        )

    @contextmanager
    def stopping_on_error(self) -> Iterator[None]:
        """Inside the block, an interruption kills the workers, and a dead worker becomes a clear error."""
        try:
            yield
        except BrokenProcessPool as broken:
            self._forget()
            raise WorkerDied(
                "a worker process died, most likely killed because memory ran out",
                remedy="lower n_jobs, or free memory, and type the same line again: finished work is kept",
            ) from broken
        except BaseException as error:
            if not isinstance(error, Exception):
                self.kill()
            raise

    def kill(self) -> None:
        """Stop all workers at once; what they had finished is in the cache."""
        self._forget()
        if self.width > 1:
            self._pool().shutdown(wait=False, kill_workers=True)

    def _forget(self) -> None:
        self._pending.clear()
        self._groups.clear()


@cache
def shared_workers(n_jobs: int) -> Workers:
    """Return this process's workers, which stay for all its jobs."""
    return Workers(n_jobs)


@dataclass(frozen=True)
class Task:
    """One repetition, as it travels to a worker: small, because the images stay on disk."""

    source: Source
    checksum: str
    method: Method
    cache: Cache
    repetition: int


def share(dataset: Dataset, store: Cache) -> None:
    """Put the data set's arrays where workers can map them into memory."""
    about = {"name": dataset.name, "classes": list(dataset.classes)}
    store.fetch(
        "dataset",
        dataset.checksum,
        lambda: ({name: getattr(dataset, name) for name in DATASET_ARRAYS}, about),
    )


def repeat(work: "Work", task: Task) -> Score | None:
    """Do the work for one repetition in this process."""
    pipeline = Pipeline(task.method, _dataset(task.source, task.checksum, task.cache), task.cache)
    return work(pipeline, task.repetition)


def score(pipeline: Pipeline, repetition: int) -> Score:
    """Choose, train and judge."""
    return pipeline.score(pipeline.train(repetition))


def choose(pipeline: Pipeline, repetition: int) -> None:
    """Choose the rows, which then are in the cache."""
    pipeline.select(repetition)


Work = Callable[[Pipeline, int], Score | None]


# The data set this process works on; a worker meets one at a time.
_held: dict[str, Dataset] = {}


def _dataset(source: Source, checksum: str, store: Cache) -> Dataset:
    if checksum not in _held:
        _held.clear()
        entry = store.load("dataset", checksum)
        if entry is None:  # the cache may be read-only or its disk full
            _held[checksum] = source.load()
        else:
            classes = tuple(entry.info["classes"])
            _held[checksum] = Dataset(entry.info["name"], **entry.arrays, classes=classes)
    return _held[checksum]


@dataclass(frozen=True, eq=False)
class Deferred:
    """Stands in for a future where there is no pool: the work is done when the result is asked for."""

    work: Work
    pipeline: Pipeline
    repetition: int

    def result(self) -> Score | None:
        return self._result

    @cached_property
    def _result(self) -> Score | None:
        return self.work(self.pipeline, self.repetition)


Result = Future | Deferred | Gathered


@cache
def _fork_server() -> Any:
    """Start the process that workers are forked from, and return the means to do so."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    before = os.environ.copy()
    # Libraries read these when they are loaded, which is what the server is about to do.
    os.environ.update(ONE_THREAD)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return context


def _follow_parent() -> None:
    # Ctrl-C reaches the whole process group; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nobody tells a worker that its parent was killed; without this it would wait for work for ten minutes.
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
