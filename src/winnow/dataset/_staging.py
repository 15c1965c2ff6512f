"""Download into a folder of its own first: what arrives in its place is whole, or nothing does."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

STALL_SECONDS = 30.0


@contextmanager
def staged(home: Path) -> Iterator[Path]:
    """Yield an empty folder; what it holds at the end of the block is moved into `home`.

    After an error nothing is moved, and `home` is removed if it had to be made. A connection that is silent
    for `STALL_SECONDS` ends with an error inside the block.
    """
    is_new = not home.exists()
    home.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=".fetching-", dir=home) as staging, stalled_connections_end():
            yield Path(staging)
            for path in sorted(Path(staging).iterdir()):
                _move(path, home / path.name)
    finally:
        if is_new:
            with suppress(OSError):  # removes the folder only if it is still empty
                home.rmdir()


def _move(source: Path, target: Path) -> None:
    """Move a file or folder; of a folder that is there already, files of the same names are replaced."""
    if source.is_dir() and target.is_dir():
        for path in sorted(source.iterdir()):
            _move(path, target / path.name)
    elif source.is_dir():
        shutil.move(source, target)
    else:
        os.replace(source, target)


@contextmanager
def stalled_connections_end() -> Iterator[None]:
    """Let connections fail that are silent for `STALL_SECONDS`: torchvision itself would wait for ever."""
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(previous)
