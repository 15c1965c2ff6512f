"""Measure Euclidean distances that can be trusted, in bounded memory.

The usual expansion |x|^2 - 2xc + |c|^2 cancels: with float32 and a mean of 100 it names the wrong centroid
for most rows, and distances come out negative. Here every distance that is returned, and every choice
between close centroids, comes from differences in float64; the expansion only rules out centroids that are
too far to win. Results therefore do not depend on chunk size, BLAS kernel or number of threads.
"""

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64
from numpy import ndarray

_VALUES_AT_ONCE = 2**20  # 8 MB of float64: stays in cache and keeps the working memory small
_VALUES_IN_CACHE = 2**16  # half a megabyte: twice as fast where nothing but one difference is computed


def distances_to_centroids(
    X: Float32[ndarray, "n d"],
    centroids: Float32[ndarray, "k d"],
    labels: Int64[ndarray, " n"],
) -> Float64[ndarray, " n"]:
    """Return every row's Euclidean distance to the centroid of its label.

    >>> distances_to_centroids(np.float32([[0, 0], [3, 4]]), np.float32([[0, 0]]), np.array([0, 0]))
    array([0., 5.])
    """
    return paired_distances(X, centroids, np.arange(len(X)), labels)


def squared_distances(X: Float32[ndarray, "n d"], point: Float[ndarray, " d"]) -> Float64[ndarray, " n"]:
    """Return every row's squared Euclidean distance to one point; rows equal to it are at exactly 0.

    >>> squared_distances(np.float32([[0, 0], [3, 4]]), np.float32([3, 4]))
    array([25.,  0.])
    """
    squares = np.empty(len(X))
    step = max(_VALUES_IN_CACHE // X.shape[1], 1)
    for start in range(0, len(X), step):
        difference = np.subtract(X[start : start + step], point, dtype=np.float64)
        squares[start : start + step] = np.einsum("nd,nd->n", difference, difference)
    return squares


def nearest_centroid(
    X: Float32[ndarray, "n d"],
    centroids: Float32[ndarray, "k d"],
    *,
    rows_at_once: int | None = None,
) -> tuple[Int64[ndarray, " n"], Float64[ndarray, " n"]]:
    """Return the label of every row's nearest centroid (ties: the lower label) and the distance to it.

    `rows_at_once` bounds the memory and changes nothing else.

    >>> nearest_centroid(np.float32([[1], [2], [9]]), np.float32([[0], [4], [8]]))
    (array([0, 0, 2]), array([1., 2., 1.]))
    """
    step = rows_at_once or max(_VALUES_AT_ONCE // max(centroids.shape), 1)
    # Distances do not change when everything moves by the mean, and the expansion then loses least.
    mean = X.mean(axis=0, dtype=np.float64)
    centred = centroids - mean
    labels, distances = np.empty(len(X), dtype=np.int64), np.empty(len(X))
    for start in range(0, len(X), step):
        chunk = X[start : start + step]
        rows, candidates = _within_rounding_of_nearest(chunk - mean, centred)
        exact = paired_distances(chunk, centroids, rows, candidates)
        best_first = np.lexsort((candidates, exact, rows))
        first = best_first[np.searchsorted(rows, np.arange(len(chunk)))]
        labels[start : start + step] = candidates[first]
        distances[start : start + step] = exact[first]
    return labels, distances


def _within_rounding_of_nearest(
    X: Float64[ndarray, "n d"], centroids: Float64[ndarray, "k d"]
) -> tuple[Int64[ndarray, " pairs"], Int64[ndarray, " pairs"]]:
    """Pair every row with the centroids that rounding allows to be its nearest, in row order."""
    squared_norms = np.einsum("kd,kd->k", centroids, centroids)
    scores = X @ (-2 * centroids.T)
    scores += squared_norms
    # |x| + |c| bounds every term of the expansion; each of its d + 2 additions rounds once.
    reach = np.sqrt(np.einsum("nd,nd->n", X, X)) + np.sqrt(squared_norms.max())
    slack = 4 * (X.shape[1] + 2) * np.finfo(np.float64).eps * reach**2
    rows, candidates = np.nonzero(scores <= (scores.min(axis=1) + slack)[:, None])
    return rows, candidates


def paired_distances(
    X: Float32[ndarray, "n d"],
    centroids: Float32[ndarray, "k d"],
    rows: Int64[ndarray, " pairs"],
    labels: Int64[ndarray, " pairs"],
) -> Float64[ndarray, " pairs"]:
    """Return the distance between row and centroid for each pair of a row number and a centroid number."""
    distances = np.empty(len(rows))
    step = max(_VALUES_AT_ONCE // X.shape[1], 1)
    for start in range(0, len(rows), step):
        pairs = slice(start, start + step)
        difference = np.subtract(X[rows[pairs]], centroids[labels[pairs]], dtype=np.float64)
        distances[pairs] = np.sqrt(np.einsum("pd,pd->p", difference, difference))
    return distances
