"""Write files that survive a power cut, and read only what is certain to be a plain file."""

import hashlib
import os
import shutil
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy import ndarray

# Neither is known to Windows, where links and pipes in a folder are rare.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading; a link, or a pipe that would block, is refused.

    Raises
    ------
    OSError
        If there is no such file, or if it is not a regular one.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | _CAREFULLY), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(f"{path.name} is not a regular file")
        yield stream


def file_hash(path: Path) -> str:
    """Return the sha256 of a regular file, read piece by piece."""
    with opened(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def flush(stream: BinaryIO) -> None:
    """Wait until what was written is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can say so.

    Windows cannot open a folder, and some network file systems cannot flush one. What a power cut may lose
    there is a name, and with it a result that is then computed again.
    """
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class RowsFile:
    """A `.npy` file that grows by whole rows, so that an array never has to fit into memory.

    Ordinary writes, not a memory map: on a full disk a write is an error, but a map kills the process.

    Parameters
    ----------
    path
        The file, which must not exist yet.
    dtype
        The type of the numbers.
    row_shape
        The shape of one row; the file's array has the shape (rows, *row_shape).
    """

    def __init__(self, path: Path, dtype: np.dtype, row_shape: tuple[int, ...]) -> None:
        if dtype.hasobject:
            raise ValueError(f"rows must be plain numbers or text, got {dtype}")
        self._dtype, self._row_shape, self._rows = dtype, row_shape, 0
        self._stream = path.open("xb")
        self._write_header()

    def append(self, rows: ndarray) -> None:
        """Add rows at the end.

        Raises
        ------
        ValueError
            If their dtype or shape is not that of the file.
        OSError
            If the disk is full.
        """
        if (rows.dtype, rows.shape[1:]) != (self._dtype, self._row_shape):
            raise ValueError(
                f"appended rows must be {self._dtype} of shape (any, {self._row_shape}), got {rows.dtype} of "
                f"shape {rows.shape}"
            )
        self._stream.write(np.ascontiguousarray(rows).reshape(-1).view(np.uint8))
        self._rows += len(rows)

    def finish(self) -> None:
        """Write the final number of rows into the header, and wait until all is on the disk."""
        self._stream.seek(0)
        self._write_header()
        flush(self._stream)
        self._stream.close()

    def __enter__(self) -> "RowsFile":
        return self

    def __exit__(self, *_: object) -> None:
        # Buffered rows that a full disk does not take must not hide the error that ended the block.
        with suppress(OSError):
            self._stream.close()

    def _write_header(self) -> None:
        shape = (self._rows, *self._row_shape)
        # Padded by numpy so that its length is the same for every number of rows.
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._stream, header)


def temporary_name() -> str:
    """Return the beginning of a temporary folder's name, which tells who writes into it."""
    return f".tmp-{socket.gethostname()}-{os.getpid()}-"


def writer_is_alive(path: Path) -> bool | None:
    """Tell whether the process that writes into a temporary folder runs; None where that is not known."""
    host, _, pid = path.name.removeprefix(".tmp-").rpartition("-")[0].rpartition("-")
    known = host == socket.gethostname() and pid.isascii() and pid.isdecimal()
    if not known or sys.platform == "win32":  # there, asking in this way would stop the process
        return None
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is another user's
        return True
    return True


def age(path: Path) -> float:
    """Seconds since anything in a folder was last written to, by the clock on the wall; 0 if it is gone.

    Never negative, even if the clock was set back.
    """
    try:
        newest = max(each.lstat().st_mtime for each in [path, *path.glob("*")])
    except FileNotFoundError:  # somebody else was faster
        return 0.0
    return max(0.0, time.time() - newest)


def remove(path: Path) -> None:
    """Remove a folder with all that is in it, a file, or a link, if that can be done."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
