"""Go through rows that may lie in a mapped file a quarter of a gigabyte at a time.

What was read of a mapped file stays in the memory of the process until it is given back. Rows that are not
read in order, such as those of one cluster after the other, would soon have all of a file there; so they are
put in order within a span, and the span is given back.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from winnow.rows.chunks import chunks_of

_VALUES_AT_ONCE = 2**26


def spans(X: Float32[ndarray, "n d"]) -> Iterator[slice]:
    """Divide the rows into slices of at most 2^26 values, after each of which its pages are given back.

    >>> list(spans(np.zeros((3, 2), np.float32)))
    [slice(0, 3, None)]
    """
    return chunks_of(X, rows=len(X), values=_VALUES_AT_ONCE)


def mean_of(X: Float32[ndarray, "n d"]) -> Float64[ndarray, " d"]:
    """Return the mean of the rows, summed in double precision.

    >>> mean_of(np.float32([[1, 2], [3, 6]]))
    array([2., 4.])
    """
    total = np.zeros(X.shape[1])
    for span in spans(X):
        total += X[span].sum(axis=0, dtype=np.float64)
    return total / len(X)


def rows_in_order(X: Float32[ndarray, "n d"], rows: Int64[ndarray, " m"]) -> Float32[ndarray, "m d"]:
    """Return the rows of these numbers, which must ascend.

    >>> rows_in_order(np.float32([[0], [1], [2]]), np.array([0, 2]))
    array([[0.],
           [2.]], dtype=float32)
    """
    found = np.empty((len(rows), X.shape[1]), X.dtype)
    for span in spans(X):
        here = slice(*np.searchsorted(rows, (span.start, span.stop)))
        found[here] = X[rows[here]]
    return found
