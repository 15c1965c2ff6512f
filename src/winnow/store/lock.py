"""Let one process work while the others wait, and say whom they wait for.

The kernel drops the lock when its holder dies, so a killed process never leaves a stale one; a holder that
is merely stopped is named, and waited for only so long.

A lock file is removed by its holder before the lock is released, so that none accumulate. That is safe
because of two rules. Only the holder of the lock on the file that the path leads to removes that path. And
whoever gets a lock compares the file it opened with the one the path leads to: if they differ, the file was
removed in between, the lock guards nothing, and the attempt starts over. So at any time at most one process
holds the lock on the file at the path, and only that process goes on.

Few lock files shared by many names would accumulate neither, but locks nest (a training asks for its rows,
and those for their clusters), and two processes that hold and want each other's shared file would wait for
ever.
"""

import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from winnow.errors import InvalidValue, TryLater

NOTICE_SECONDS = 10.0
_SECONDS_BETWEEN_ATTEMPTS = 0.05
_LONGEST_LABEL = 200
# A link in the place of a lock file is an error, and a pipe there never blocks; Windows knows neither flag.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


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
        If the lock file can neither be made nor opened, or if the file system knows no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not in the lock file itself, which may be another user's.
    label = path.with_suffix(".holder")
    descriptor = _acquire(path, label, timeout)
    try:
        # The lock holds without its label, so a full disk must not break it.
        with suppress(OSError):
            _write(label)
        yield
    finally:
        _release(descriptor, path, label)


def remove_if_free(path: Path) -> bool:
    """Remove a lock file that a killed process left behind; return whether it could be done."""
    try:
        descriptor = _attempt(path)
    except OSError:
        return False
    if descriptor is None:  # held: it is in use
        return False
    _release(descriptor, path, path.with_suffix(".holder"))
    return not path.exists()


def _acquire(path: Path, label: Path, timeout: float) -> int:
    """Return the descriptor of the locked file."""
    start, next_notice = time.monotonic(), NOTICE_SECONDS
    while (descriptor := _attempt(path)) is None:
        waited = time.monotonic() - start
        if waited >= timeout:
            raise TryLater(
                f"the lock must come free within {timeout:g} s, got no turn: {_read(label)} holds it",
                where=str(path),
                remedy="wait for that process, or stop it, and type the same line again",
            )
        if waited >= next_notice:
            print(f"waiting for {_read(label)}, which holds {path}", file=sys.stderr, flush=True)
            # Some results take minutes, and several processes may wait for one.
            next_notice = 2 * next_notice + NOTICE_SECONDS
        time.sleep(min(_SECONDS_BETWEEN_ATTEMPTS, timeout - waited))
    return descriptor


def _attempt(path: Path) -> int | None:
    """Return the descriptor of the lock file if it could be locked at once, else None."""
    from filelock import lock_descriptor

    descriptor = _open(path)
    try:
        if lock_descriptor(descriptor, blocking=False) and _leads_to(path, descriptor):
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | _CAREFULLY, 0o666)
    except PermissionError:
        # Another user's file, left by a process that was killed: to lock it, reading is enough.
        return os.open(path, os.O_RDONLY | _CAREFULLY)


def _leads_to(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _release(descriptor: int, path: Path, label: Path) -> None:
    from filelock import unlock_descriptor

    try:
        # What cannot be removed (an open file on Windows, another user's file) does no harm.
        with suppress(OSError):
            label.unlink(missing_ok=True)
        with suppress(OSError):
            if _leads_to(path, descriptor):
                path.unlink()
        # Closing alone would not do: a forked process may have the same file open.
        unlock_descriptor(descriptor)
    finally:
        os.close(descriptor)


def _write(label: Path) -> None:
    """Write who holds the lock into a new file, and never through what lies in its place."""
    label.unlink(missing_ok=True)
    since = datetime.now().isoformat(timespec="seconds")
    with label.open("x", encoding="utf-8") as stream:
        stream.write(f"pid {os.getpid()} on {socket.gethostname()} since {since}")


def _read(label: Path) -> str:
    try:
        descriptor = os.open(label, os.O_RDONLY | _CAREFULLY)
    except OSError:  # not written yet, or already gone
        return "another process"
    with os.fdopen(descriptor, "rb") as stream:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        text = stream.read(_LONGEST_LABEL).decode(errors="replace") if regular else ""
    return "".join(filter(str.isprintable, text)) or "another process"
