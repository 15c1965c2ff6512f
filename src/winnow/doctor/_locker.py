"""Try to lock a file, say what came of it, and hold the lock until nobody listens: a process of its own.

Run as `python -m winnow.doctor._locker <kind> <path>`. It prints `locked`, `refused`, or the error.
"""

import os
import sys


def flock(descriptor: int) -> bool:
    """Lock as winnow's cache does."""
    from filelock import lock_descriptor

    return bool(lock_descriptor(descriptor, blocking=False))


def fcntl(descriptor: int) -> bool:
    """Lock as SQLite does."""
    from fcntl import LOCK_EX, LOCK_NB, lockf

    try:
        lockf(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True


KINDS = {"flock": flock, "fcntl": fcntl}


def main(kind: str, path: str) -> None:
    """Try once."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        print("locked" if KINDS[kind](descriptor) else "refused", flush=True)
    except OSError as error:
        print(error.strerror or type(error).__name__, flush=True)
        return
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
