"""Run a command and measure it from outside: seconds by the clock, and the peak memory of its processes."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

_PROCESSES = Path("/proc")
_LOOK_EVERY = 0.1  # seconds


@dataclass(frozen=True)
class Measured:
    """What one command took; `peaks` are MB resident, one for each process seen, the largest first."""

    seconds: float
    peaks: list[float]
    output: str


def measured(words: list[str], folder: Path, *, returns: int = 0) -> Measured:
    """Run a command in `folder` to its end, which must be with the code `returns`.

    Memory is read from Linux' process files; elsewhere `peaks` is empty.
    """
    started = perf_counter()
    command = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peaks, ended = {}, Event()
    watcher = Thread(target=_watch, args=(command.pid, peaks, ended))
    watcher.start()
    try:
        output, errors = command.communicate()
        seconds = perf_counter() - started
    finally:
        ended.set()
        watcher.join()
    if command.returncode != returns:
        print(errors, file=sys.stderr)
        raise SystemExit(f"error: {' '.join(words)} ended with code {command.returncode} | see above")
    return Measured(seconds, sorted(peaks.values(), reverse=True), output + errors)


def _watch(root: int, peaks: dict[int, float], ended: Event) -> None:
    while not ended.wait(_LOOK_EVERY):
        for process in _with_descendants(root):
            try:
                words = (_PROCESSES / str(process) / "status").read_text().split()
            except OSError:  # it has ended
                continue
            if "VmHWM:" in words:
                peaks[process] = int(words[words.index("VmHWM:") + 1]) / 1e3


def _with_descendants(root: int) -> Iterator[int]:
    yield root
    for children in (_PROCESSES / str(root) / "task").glob("*/children"):
        try:
            started = children.read_text().split()
        except OSError:
            continue
        for child in started:
            yield from _with_descendants(int(child))
