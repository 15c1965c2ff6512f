"""Let one process work while the others wait, and tell them for whom.

The kernel drops the lock when its holder dies, so a killed process never leaves a stale one; a holder that
is merely stopped is named, and waited for only so long.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from winnow.errors import InvalidValue, TryLater

if TYPE_CHECKING:
    from filelock import FileLock

NOTICE_SECONDS = 10.0


def default_timeout() -> float:
    """Return WINNOW_LOCK_TIMEOUT in seconds, or one hour."""
    text = os.environ.get("WINNOW_LOCK_TIMEOUT", "3600")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise InvalidValue(f"WINNOW_LOCK_TIMEOUT must be a number of seconds, got {text!r}")
    return seconds


@contextmanager
def hold(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock file `path` against every process on its file system.

    Raises
    ------
    TryLater
        Naming the holder, if the lock does not come free within `timeout` seconds.
    OSError
        If the lock file cannot be made.
    """
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    # Not in the lock file itself: filelock may truncate that whenever somebody tries to acquire it.
    label = path.with_suffix(".holder")
    guard = FileLock(path)
    _acquire(guard, label, timeout)
    try:
        # The lock holds without its label, so a full disk must not break it.
        with suppress(OSError):
            since = datetime.now().isoformat(timespec="seconds")
            label.write_text(f"pid {os.getpid()} on {socket.gethostname()} since {since}")
        yield
    finally:
        with suppress(OSError):
            label.unlink(missing_ok=True)
        guard.release()


def _acquire(guard: "FileLock", label: Path, timeout: float) -> None:
    from filelock import Timeout

    start, pause = monotonic(), NOTICE_SECONDS
    while True:
        left = timeout - (monotonic() - start)
        try:
            guard.acquire(timeout=max(0.0, min(pause, left)))
            return
        except Timeout:
            holder = _read(label)
        if monotonic() - start >= timeout:
            raise TryLater(
                f"the lock must come free within {timeout:g} s, got no turn: {holder} holds it",
                where=guard.lock_file,
                remedy="wait for that process, or stop it, and type the same line again",
            )
        print(f"waiting for {holder}, which holds {guard.lock_file}", file=sys.stderr, flush=True)
        pause *= 2  # some results take minutes, and several processes may wait for one


def _read(label: Path) -> str:
    try:
        return label.read_text() or "another process"
    except OSError:  # not written yet, or already gone
        return "another process"
