"""Hand out the rows of a matrix group by group, one group in memory at a time, and read the matrix once.

The rows of a cluster lie all over a file. To fetch each where it lies would read a page of the file for every
row, some sixteen times the whole file where it does not fit into memory. So a large matrix in a file is read
from its beginning to its end, and written to a temporary one in the order of the groups.
"""

import tempfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray

from winnow.rows.chunks import chunks_of

_SMALL = 2**28  # bytes of a matrix in a file that is left where it is
_VALUES_AT_ONCE = 2**24  # that are sorted in memory: 64 MB


def rows_by_group(
    X: Float32[ndarray, "n d"], groups: Sequence[Int64[ndarray, " _"]], *, small: int = _SMALL
) -> Iterator[tuple[Int64[ndarray, " m"], Float32[ndarray, "m d"]]]:
    """Yield the row numbers of each group and its rows; no row is in two groups.

    A memory map of more than `small` bytes is written to a temporary file, ordered by groups, which is as
    large and lies where the system keeps such files (TMPDIR).

    Raises
    ------
    OSError
        If the disk is full.

    Examples
    --------
    >>> X = np.float32([[5], [6], [7]])
    >>> [rows.ravel().tolist() for _, rows in rows_by_group(X, [np.array([0, 2]), np.array([1])])]
    [[5.0, 7.0], [6.0]]
    """
    if not isinstance(X, np.memmap) or X.nbytes <= small or not sum(map(len, groups)):
        yield from ((rows, X[rows]) for rows in groups)
        return
    with tempfile.TemporaryFile() as file:
        _write_ordered(X, np.concatenate(groups), file)
        file.flush()
        start = 0
        ordered = np.memmap(file, X.dtype, "r", shape=(sum(map(len, groups)), X.shape[1]))
        for rows in groups:
            yield rows, np.array(ordered[start : start + len(rows)])
            start += len(rows)


def _write_ordered(X: Float32[ndarray, "n d"], order: Int64[ndarray, " m"], file: BinaryIO) -> None:
    """Write the rows of X in this order, as a file and not as mapped memory, which a full disk would kill."""
    place = np.full(len(X), -1)
    place[order] = np.arange(len(order))
    for part in chunks_of(X, len(X), _VALUES_AT_ONCE):
        grouped = np.flatnonzero(place[part] >= 0)
        by_place = grouped[np.argsort(place[part][grouped], kind="stable")]
        if not len(by_place):
            continue
        places, rows = place[part][by_place], X[part][by_place]
        begins = np.flatnonzero(np.diff(places, prepend=-2) != 1)
        for begin, end in zip(begins, np.append(begins[1:], len(places)), strict=True):
            file.seek(int(places[begin]) * X.shape[1] * X.itemsize)
            file.write(rows[begin:end].data)
