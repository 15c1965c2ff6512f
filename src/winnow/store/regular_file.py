"""Open what people name, safely.

A path may lead to a folder, to a pipe that never answers or to a device that never ends. Only regular files
are opened, and none above a stated size.
"""

import os
import stat
from io import BufferedIOBase
from pathlib import Path


class NotReadable(OSError):
    """A path does not lead to a regular file of a size that is read."""


def open_regular(path: str | Path, limit: int) -> BufferedIOBase:
    """Open a regular file of at most `limit` bytes for reading.

    The file is opened before it is looked at, so that it cannot be exchanged in between, and without waiting,
    because opening a pipe waits until somebody writes to it.

    Raises
    ------
    NotReadable
        If the path leads to something else than a regular file, or to a larger one.
    OSError
        If it cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if Path(path).is_dir():  # not every system opens a folder
        raise NotReadable("a folder")
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotReadable("a pipe, a socket or a device")
        if status.st_size > limit:
            raise NotReadable(
                f"a file of {size_in_words(status.st_size)}, at most {size_in_words(limit)} are read"
            )
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; errors as `open_regular`."""
    with open_regular(path, limit) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:  # it grew since it was opened
        raise NotReadable(f"a file of more than {size_in_words(limit)}")
    return content


def reason(error: Exception) -> str:
    """Say in one line why a file could not be read.

    >>> reason(FileNotFoundError(2, "No such file or directory")), reason(NotReadable("a folder"))
    ('No such file or directory', 'a folder')
    """
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__


def size_in_words(size: int) -> str:
    """Say a number of bytes with its unit.

    >>> size_in_words(900), size_in_words(3 * 2**20), size_in_words(4 * 2**30)
    ('900 bytes', '3 MiB', '4 GiB')
    """
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >= 2**power:
            return f"{round(size / 2**power, 1):g} {unit}"
    return f"{size} bytes"
