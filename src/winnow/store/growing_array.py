"""An array that comes in pieces and need not fit into memory, for a result that nobody needs tomorrow."""

import tempfile
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
from numpy import ndarray

MOST_IN_MEMORY = 2**28
"""Bytes up to which such an array is kept in memory."""


class GrowingArray:
    """An array that grows by whole rows: in memory while it is small, then in a temporary file.

    The file has no name, lies where the system keeps temporary files (TMPDIR), and is gone with the array. It
    is written as a file and not as mapped memory, where a full disk would kill the process.

    Examples
    --------
    >>> with GrowingArray() as array:
    ...     array.append(np.array([[1, 2]]))
    ...     array.append(np.array([[3, 4], [5, 6]]))
    ...     array.finish().tolist()
    [[1, 2], [3, 4], [5, 6]]
    """

    def __init__(self) -> None:
        self._waiting: list[ndarray] = []
        self._bytes_waiting = self._rows_written = 0
        self._file: BinaryIO | None = None

    def append(self, rows: ndarray) -> None:
        """Add rows at the end; they are not copied at once and must not change until `finish`.

        Raises
        ------
        ValueError
            If their dtype or shape is not that of the rows before.
        OSError
            If the disk is full.
        """
        if self._waiting and _kind(rows) != _kind(self._waiting[0]):
            raise ValueError(
                f"rows must be {_in_words(self._waiting[0])} as those before, got {_in_words(rows)}"
            )
        self._waiting.append(rows)
        self._bytes_waiting += rows.nbytes
        if self._bytes_waiting > MOST_IN_MEMORY:
            self._write()

    def finish(self) -> ndarray:
        """Return the array; it is read-only where it lies in a file."""
        first = self._waiting[0]
        if self._file is None:
            return first if len(self._waiting) == 1 else np.concatenate(self._waiting)
        self._write()
        self._file.flush()
        return np.memmap(self._file, first.dtype, "r", shape=(self._rows_written, *first.shape[1:]))

    def __enter__(self) -> "GrowingArray":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:  # what is mapped stays mapped
            self._file.close()

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
        for rows in self._waiting:
            self._file.write(np.ascontiguousarray(rows).reshape(-1).view(np.uint8))
            self._rows_written += len(rows)
        # No row of the last piece is kept, but what rows look like.
        self._waiting, self._bytes_waiting = [self._waiting[-1][:0].copy()], 0


def joined(chunks: Iterable[ndarray]) -> ndarray:
    """Return the rows of all chunks, of which there is at least one, as one array.

    >>> joined(np.full((2, 1), value) for value in (1, 2)).ravel()
    array([1, 1, 2, 2])
    """
    with GrowingArray() as array:
        for rows in chunks:
            array.append(rows)
        return array.finish()


def _kind(rows: ndarray) -> tuple[np.dtype, tuple[int, ...]]:
    return rows.dtype, rows.shape[1:]


def _in_words(rows: ndarray) -> str:
    return f"{rows.dtype} of shape {('any', *rows.shape[1:])}"
