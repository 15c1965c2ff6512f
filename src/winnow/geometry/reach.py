"""Find how far the nearest row of some rank is, exactly, by products in single precision where they do."""

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from winnow.geometry.distance import squared_distances
from winnow.geometry.pairs import Pairs

_VALUES_AT_ONCE = 2**22


def reaches(X: Float32[ndarray, "n d"], rows: Int64[ndarray, " m"], rank: int) -> Float64[ndarray, " m"]:
    """Return the distance of each of these rows to its nearest row of this rank; rank 0 is the row itself.

    Distances in single precision exclude all rows that are certainly nearer or further; those that are left
    are measured again. About m * n * d operations as products of matrices.

    >>> reaches(np.float32([[0], [1], [3], [9]]), np.array([0, 2]), rank=2)
    array([3., 3.])
    """
    pairs, step = Pairs.of(X), max(_VALUES_AT_ONCE // len(X), 1)
    half_squares = pairs.half_squares
    found = np.empty(len(rows))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        products = pairs.left[some] @ pairs.right.T
        for at, (row, values) in enumerate(zip(some.tolist(), products, strict=True), start):
            error = pairs.rounding * (half_squares[row] + half_squares)
            found[at] = np.sqrt(_ranked(X, row, values, error, rank))
    return found


def _ranked(
    X: Float32[ndarray, "n d"],
    row: int,
    values: Float32[ndarray, " n"],
    error: Float64[ndarray, " n"],
    rank: int,
) -> float:
    """Return the squared distance of this rank, of which half is between `values` less and plus `error`."""
    low, high = values - error, values + error
    nearer = high < np.partition(low, rank)[rank]
    close = np.flatnonzero(~nearer & (low <= np.partition(high, rank)[rank]))
    left = rank - int(nearer.sum())
    return float(np.partition(squared_distances(X[close], X[row]), left)[left])
