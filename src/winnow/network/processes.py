"""Processes side by side that import once: how they are started, and that none outlives its parent.

Used by the workers of a command, by a training that several processes share, and by those that read batches.
"""

import io
import mmap
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.reduction import ForkingPickler
from threading import Thread
from typing import Any

import numpy as np


def start_context(preloaded: Sequence[str] = ()) -> Any:
    """Return how processes are started: copied from a server that has imported the modules `preloaded`.

    Not copied from this process, whose threads, locks and GPU a copy cannot use. Windows knows no such
    server, and starts each process anew.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    if preloaded:
        context.set_forkserver_preload(list(preloaded))
    return context


@contextmanager
def signals_kept_from_children() -> Iterator[None]:
    """Start processes that never get SIGINT, SIGTERM, SIGHUP, or the SIGUSR1 and SIGUSR2 of a cluster.

    A signal may reach the whole process group; only this process decides what it means.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # to start it lets signals through again
    kept = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, kept)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables inside the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def follow_parent() -> None:
    """End this process as soon as its parent has ended, also by a kill that nobody tells of."""
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def packed(value: Any) -> bytes:
    """Return `value` as it travels to another process: of an array in a file, or of a part, only where it is.

    >>> unpacked(packed(np.arange(3)))
    array([0, 1, 2])
    """
    stream = io.BytesIO()
    _Packer(stream).dump(value)
    return stream.getvalue()


def unpacked(content: bytes) -> Any:
    """Return the value that `packed` was given, by this program, in a process beside this one."""
    return ForkingPickler.loads(content)


class _Packer(ForkingPickler):
    def reducer_override(self, value: Any) -> Any:
        # A temporary file has no name: its content travels. So does that of rows that lie apart in a file.
        aligned = isinstance(value, np.memmap) and (value.flags.c_contiguous or value.flags.f_contiguous)
        if not aligned or not value.filename:
            return NotImplemented
        whole = value
        while isinstance(whole.base, np.memmap):
            whole = whole.base
        if not isinstance(whole.base, mmap.mmap):
            return NotImplemented
        offset = whole.offset + value.ctypes.data - whole.ctypes.data
        order = "C" if value.flags.c_contiguous else "F"
        return np.memmap, (value.filename, value.dtype, "r", offset, value.shape, order)
