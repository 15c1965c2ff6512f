"""Jobs that a launcher of Hydra has started stop when their command is stopped, and end when it is gone.

They may be no children of the command, and may run on another host. So both sides look at the folder that
they share. The command holds a lock there, which the kernel drops when it dies, and leaves a file there when
a signal has arrived.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Event, Thread

from winnow.command.executor import WorkerDied, died
from winnow.command.interruption import interruption
from winnow.errors import Interrupted, TryLater, explain
from winnow.report.history import of_command
from winnow.report.rows import write_rows
from winnow.store.lock import hold, remove_if_free

LOCK, STOP = "launcher.lock", "stop"
SECONDS_BETWEEN_LOOKS = 0.5
NO_RESULT = "the job was stopped, most likely because its time was up too often"
SECONDS_TO_END = 30.0  # for a job to write down that it was stopped
# By which submitit has Slurm tell a job that its time is up, or that another one wants its place.
REQUEUE = (signal.SIGUSR2,) if hasattr(signal, "SIGUSR2") else ()


@contextmanager
def launching(folder: Path) -> Iterator[None]:
    """Let jobs that are launched inside the block know of signals, and of the death of this process."""
    over = Event()
    with hold(folder / LOCK, SECONDS_TO_END):
        Thread(target=_pass_on, args=(folder, over), daemon=True).start()
        try:
            yield
        finally:
            over.set()
    interruption.check()


def _pass_on(folder: Path, over: Event) -> None:
    while not over.wait(SECONDS_BETWEEN_LOOKS):
        if interruption.signal is not None:
            (folder / STOP).touch()
            return


def was_stopped(folder: Path) -> bool:
    """Whether the command of this folder has got a signal: then no further job begins."""
    return (folder / STOP).exists()


def record_lost(folder: Path, reasons: Mapping[int, str], fault: Exception | None = None) -> None:
    """Write down the jobs that ended without having said so; the same line typed again does them.

    `reasons` says by number what is known of a job, and `fault` of all others that have not ended.
    """
    otherwise = explain(WorkerDied() if died(fault) else fault) if fault else NO_RESULT
    for row in of_command(folder).rows:
        reason = reasons.get(row.job, otherwise)
        if row.status in ("pending", "interrupted"):
            lost = replace(row, status="failed", reason=reason, exit_code=TryLater.exit_code)
            write_rows(folder / f"job-{row.job}.json", [lost])


@contextmanager
def following(folder: Path) -> Iterator[None]:
    """Run a job that was launched, and stop it as a signal would when its command stops or dies.

    One that was stopped by anything else leaves no result: whoever queued it decides whether it runs again.
    """
    queue_again = signal.getsignal(REQUEUE[0]) if REQUEUE else None
    watch = _watch(folder)
    watch.idle.clear()
    try:
        yield
    except Interrupted as stopped:
        if not was_stopped(folder):
            if stopped.signal in REQUEUE and callable(queue_again):
                queue_again(stopped.signal, None)  # ends this process, unless the job was queued too often
            os._exit(128 + stopped.signal)
    finally:
        watch.idle.set()


# A process may be given several jobs of a command, and must end with it even between two of them.
@cache
def _watch(folder: Path) -> "_Watch":
    interruption.listen(REQUEUE)
    # A terminal sends Ctrl-C to all its processes: the command decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watch = _Watch(folder)
    watch.start()
    return watch


class _Watch(Thread):
    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.idle = folder, Event()

    def run(self) -> None:
        while not (stopped := was_stopped(self.folder)) and not remove_if_free(self.folder / LOCK):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        if interruption.signal is None:
            os.kill(os.getpid(), signal.SIGTERM)
        ended = self.idle.wait(SECONDS_TO_END)
        if not (stopped and ended):
            os._exit(128 + signal.SIGTERM)
