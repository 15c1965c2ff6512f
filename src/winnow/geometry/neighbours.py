"""Find the nearest rows of every row by comparing all pairs, without a matrix of all pairs in memory.

faiss searches a block of rows at a time, on one thread. The distances of the rows found are computed again
from differences in float64 and sorted, so that duplicates have distance exactly 0 and an offset of all rows
costs no precision. The search itself has the precision of float32: among rows a thousand times closer to
each other than to the mean of all rows, it may miss the nearest.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray
from threadpoolctl import threadpool_limits

from winnow.geometry.distance import paired_distances

_ROWS_AT_ONCE = 4096


def nearest_neighbours(
    X: Float32[ndarray, "n d"], count: int
) -> tuple[Int64[ndarray, "n count"], Float64[ndarray, "n count"]]:
    """Return the `count` nearest other rows of every row (at most n - 1), nearest first, and the distances.

    >>> rows, distances = nearest_neighbours(np.float32([[0], [1], [3]]), 1)
    >>> rows.ravel(), distances.ravel()
    (array([1, 0, 1]), array([1., 1., 2.]))
    """
    import faiss  # noqa: F401 - the limit applies only to libraries that are already loaded

    with threadpool_limits(1):
        return _search(X, min(count, len(X) - 1))


def sparsity(
    X: Float32[ndarray, "n d"],
    groups: Sequence[Int64[ndarray, " _"]],
    counts: Int64[ndarray, " groups"],
) -> Float64[ndarray, " n"]:
    """Return every row's mean distance to its nearest other rows of the same group, `counts` of each group.

    The inverse of a density. A row that is alone in its group has the sparsity 0.

    >>> sparsity(np.float32([[0], [1], [3], [9]]), [np.array([0, 1, 2]), np.array([3])], np.array([2, 2]))
    array([2. , 1.5, 2.5, 0. ])
    """
    import faiss  # noqa: F401

    means = np.zeros(len(X))
    with threadpool_limits(1):
        for rows, count in zip(groups, counts, strict=True):
            if len(rows) > 1 and count > 0:
                _, distances = _search(X[rows], min(int(count), len(rows) - 1))
                means[rows] = distances.mean(axis=1)
    return means


def _search(X: ndarray, count: int) -> tuple[ndarray, ndarray]:
    import faiss

    neighbours = np.empty((len(X), count), dtype=np.int64)
    distances = np.empty((len(X), count))
    if count == 0:
        return neighbours, distances
    centred = (X - X.mean(axis=0, dtype=np.float64)).astype(np.float32)
    index = faiss.IndexFlatL2(X.shape[1])
    index.add(centred)
    for start in range(0, len(X), _ROWS_AT_ONCE):
        _, found = index.search(centred[start : start + _ROWS_AT_ONCE], count + 1)
        rows = np.arange(start, start + len(found))
        found = _without(rows, found)
        measured = paired_distances(X, X, np.repeat(rows, count), found.ravel()).reshape(found.shape)
        nearest_first = np.argsort(measured, axis=1, kind="stable")
        neighbours[start : start + len(rows)] = np.take_along_axis(found, nearest_first, axis=1)
        distances[start : start + len(rows)] = np.take_along_axis(measured, nearest_first, axis=1)
    return neighbours, distances


def _without(rows: ndarray, found: ndarray) -> ndarray:
    """Drop each row from its own neighbours, or the last one if only duplicates of the row were found."""
    own = found == rows[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(len(found), -1)
