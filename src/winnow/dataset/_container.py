"""Open a table that may be compressed: what a file is, its first bytes say and not its name."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

from winnow.errors import DatasetUnavailable
from winnow.store.regular_file import NotReadable, open_regular, reason, size_in_words

MAX_BYTES = 8 * 2**30
"""Largest table that is read, in bytes after decompression."""
AS_TEXT = "save it as a csv (comma-separated text in UTF-8) or as Parquet"
MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PAR1": "parquet",
}
OTHERS = {
    b"\xd0\xcf\x11\xe0": "a spreadsheet or document of Microsoft Office",
    b"%PDF": "a PDF",
    b"ARROW1": "a Feather file",
    b"FEA1": "a Feather file",
    b"\x28\xb5\x2f\xfd": "a file compressed by Zstandard",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a numpy array",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
}
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def unreadable(path: Path, got: str, remedy: str = AS_TEXT) -> DatasetUnavailable:
    """Say that a file is no table."""
    return DatasetUnavailable(f"the table must be readable, got {got}", where=str(path), remedy=remedy)


def table_fault(path: Path, rule: str, remedy: str = AS_TEXT) -> DatasetUnavailable:
    """Say which rule a table breaks."""
    return DatasetUnavailable(f"the table must {rule}", where=str(path), remedy=remedy)


def kind_of(path: Path) -> str:
    """Return `text`, `parquet`, or how the file is compressed.

    Raises
    ------
    DatasetUnavailable
        If it cannot be opened, or is known to be something else than a table.
    """
    try:
        with open_regular(path, MAX_BYTES) as stream:
            start = stream.read(16)
    except OSError as error:
        raise unreadable(path, reason(error), "name a regular file with dataset.file") from error
    for magic, kind in OTHERS.items():
        if start.startswith(magic):
            remedy = "use dataset=arrays" if kind == "a numpy array" else AS_TEXT
            raise unreadable(path, kind, remedy)
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), "text")


@contextmanager
def opened(path: Path, kind: str) -> Iterator[BufferedIOBase]:
    """Open a table, decompressed; faults of the file met inside the block become a DatasetUnavailable."""
    try:
        with open_regular(path, MAX_BYTES) as stream:
            if kind == "parquet":  # read from its end
                yield stream
            else:
                yield io.BufferedReader(_Limited(_decompressed(stream, kind)))
    except NotReadable as error:
        raise unreadable(path, reason(error)) from error
    except DAMAGED as error:
        raise unreadable(path, reason(error), "the file is damaged or incomplete: fetch it again") from error
    except (RuntimeError, NotImplementedError) as error:  # zipfile's, of a password or an unknown method
        raise unreadable(path, reason(error), "decompress the file first") from error


def _decompressed(stream: BufferedIOBase, kind: str) -> BufferedIOBase:
    match kind:
        case "gzip":
            return gzip.GzipFile(fileobj=stream)
        case "bzip2":
            return bz2.BZ2File(stream)
        case "xz":
            return lzma.LZMAFile(stream)
        case "zip":
            return _only_member(zipfile.ZipFile(stream))
        case _:
            return stream


def _only_member(archive: zipfile.ZipFile) -> BufferedIOBase:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise NotReadable("a spreadsheet or document of an office program")
    if names and all(name.endswith(".npy") for name in names):
        raise NotReadable("numpy arrays, which dataset=arrays reads")
    # macOS adds what it knows about a file as another file.
    tables = [name for name in names if not name.startswith("__MACOSX/") and not _base(name).startswith(".")]
    if len(tables) != 1:
        raise NotReadable(f"a zip file of {len(tables)} files in place of one table")
    return archive.open(tables[0])


def _base(name: str) -> str:
    return name.rpartition("/")[2]


class _Limited(io.RawIOBase):
    """A stream that ends in an error after MAX_BYTES, because a small file can decompress to any size."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self.stream, self.left = stream, MAX_BYTES

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer from the stream."""
        content = self.stream.read(len(buffer))
        self.left -= len(content)
        if self.left < 0:
            raise NotReadable(f"more than {size_in_words(MAX_BYTES)} after decompression")
        buffer[: len(content)] = content
        return len(content)
