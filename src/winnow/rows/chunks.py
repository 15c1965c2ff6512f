"""Go through rows that need not fit into memory, some at a time."""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.rows.pages import give_back_pages
from winnow.rows.row_array import RowArray

_ROWS_AT_ONCE = 4096  # rows that are copied at once
_VALUES_AT_ONCE = 2**24  # values of wide rows that are: 64 MB as floats


def chunks_of(x: RowArray, rows: int = _ROWS_AT_ONCE, values: int = _VALUES_AT_ONCE) -> Iterator[slice]:
    """Divide `x` into slices of at most so many rows, fewer where they would have more than so many values.

    The pages of a mapped file that were read meanwhile are given back after each.

    >>> [part.stop for part in chunks_of(np.zeros((5, 2)), 2)]
    [2, 4, 5]
    """
    step = max(1, min(rows, values // max(1, math.prod(x.shape[1:]))))
    for start in range(0, len(x), step):
        yield slice(start, min(start + step, len(x)))
        give_back_pages(x)


def some_rows(x: RowArray, rows: Int64[ndarray, " m"], at_once: int = 64) -> Iterator[ndarray]:
    """Yield rows of these numbers one by one, and give back the pages that were read for them.

    Of a large file a page may be mapped with all of its neighbours, two megabytes for a row.
    """
    for start in range(0, len(rows), at_once):
        yield from np.array(x[rows[start : start + at_once]])
        give_back_pages(x)
