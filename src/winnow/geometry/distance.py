"""Compute Euclidean distances exactly to double precision, in bounded memory.

The usual expansion |x|^2 - 2xc + |c|^2 loses digits by cancellation: in float32, with a mean of 100, it
gives the wrong nearest centroid for most rows, and negative squared distances. Here every distance that is
returned, and every choice between close centroids, is computed from differences in float64; the expansion
only excludes centroids that are certainly not the nearest. Results therefore do not depend on the chunk
size, the BLAS kernel or the number of threads.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64
from numpy import ndarray
from numpy.typing import DTypeLike

from winnow.geometry.spans import mean_of, spans

_VALUES_AT_ONCE = 2**18  # 1 MB of float32, which stays in the processor's cache
_VALUES_IN_CACHE = 2**16  # half a megabyte of float64; faster where only one difference is computed
_FEWEST_ROWS_AT_ONCE = 32  # matrix products of fewer rows are slow
_FEWEST_POINTS_AT_ONCE = 5  # below, one pass over all rows for each point is quicker
_CANDIDATES_PER_ROW = 4  # mean number from which excluding more of them in float64 saves time


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
    """Return every row's squared Euclidean distance to one point; exactly 0 for rows equal to it.

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
    labels, distances = np.empty(len(X), dtype=np.int64), np.empty(len(X))
    for chunk, rows, candidates in _candidates(X, centroids, rows_at_once):
        exact = paired_distances(X[chunk], centroids, rows, candidates)
        first = _lowest_of_each_row(rows, exact, candidates)
        labels[chunk], distances[chunk] = candidates[first], exact[first]
    return labels, distances


def lower_to_nearest(
    squares: Float64[ndarray, " n"], X: Float32[ndarray, "n d"], points: Float32[ndarray, "p d"]
) -> None:
    """Lower each row's squared distance to that of the nearest of some points, in place, if that is less.

    To the last bit as by `squared_distances` to one point after the other, in a fraction of the time.

    >>> squares = np.array([9.0, 1.0])
    >>> lower_to_nearest(squares, np.float32([[0], [9]]), np.float32([[2], [7]]))
    >>> squares
    array([4., 1.])
    """
    if len(points) < _FEWEST_POINTS_AT_ONCE:
        for point in points:
            np.minimum(squares, squared_distances(X, point), out=squares)
        return
    for chunk, rows, candidates in _candidates(X, points, None):
        np.minimum.at(squares[chunk], rows, _paired_squares(X[chunk], points, rows, candidates))


def _candidates(
    X: ndarray, centroids: ndarray, rows_at_once: int | None
) -> Iterator[tuple[slice, Int64[ndarray, " pairs"], Int64[ndarray, " pairs"]]]:
    """Yield chunks of rows, and for each the pairs of its rows with the centroids that may be the nearest."""
    step = rows_at_once or max(_VALUES_AT_ONCE // max(centroids.shape), _FEWEST_ROWS_AT_ONCE)
    # Subtracting the mean changes no distance, and the expansion of centred rows cancels least.
    mean = mean_of(X)
    centred = centroids - mean
    quick, careful = _Filter.of(centred, np.float32), _Filter.of(centred, np.float64)
    for span in spans(X):
        for start in range(span.start, span.stop, step):
            chunk = slice(start, min(start + step, span.stop))
            rows, candidates = quick.pairs(X[chunk] - mean)
            # float32 excludes few centroids if rows are far from the mean compared with their differences.
            if len(rows) > _CANDIDATES_PER_ROW * len(X[chunk]):
                rows, candidates = careful.pairs(X[chunk] - mean)
            yield chunk, rows, candidates


def product_rounding(d: int) -> float:
    """Return by how much a float32 product of two rows of d numbers may be wrong, by the product of lengths.

    Twice the bound of the analysis, to cover the rounding of what is computed from it.

    >>> product_rounding(60) < 2e-5
    True
    """
    return 2 * (d + 4) * float(np.finfo(np.float32).eps)


def expansion(
    centroids: Float[ndarray, "k d"], offsets: Float[ndarray, " k"], dtype: DTypeLike
) -> Float[ndarray, "d+1 k"]:
    """Return the matrix whose product with rows that end in a 1 is -2xc + offset for every centroid.

    With offsets |c|^2 these are the squared distances less |x|^2, which is the same for all centroids of a
    row.

    >>> np.float32([[3, 1]]) @ expansion(np.float32([[2], [5]]), np.float32([4, 25]), np.float32)
    array([[-8., -5.]], dtype=float32)
    """
    matrix = np.empty((centroids.shape[1] + 1, len(centroids)), dtype)
    np.multiply(centroids.T, -2, out=matrix[:-1], casting="same_kind")
    matrix[-1] = offsets
    return matrix


@dataclass(frozen=True, eq=False)
class _Filter:
    """Excludes centroids that are not the nearest of a row, whatever the rounding of the expansion.

    The error of the computed -2xc + |c|^2 is at most g (|x|^2 + |c|^2), because each of about d additions
    rounds once. A centroid whose value minus its error exceeds the value plus error of another is not the
    nearest.
    """

    lower_bounds: Float[ndarray, "terms k"]
    squared_norms: Float64[ndarray, " k"]
    g: float

    @classmethod
    def of(cls, centroids: Float64[ndarray, "k d"], dtype: DTypeLike) -> "_Filter":
        """Prepare for one set of centroids and the precision of one `dtype`."""
        squared_norms = np.einsum("kd,kd->k", centroids, centroids)
        # Twice the bound of the analysis, to cover the rounding of the bounds themselves.
        g = 4 * (centroids.shape[1] + 4) * float(np.finfo(dtype).eps)
        return cls(expansion(centroids, (1 - g) * squared_norms, dtype), squared_norms, g)

    def pairs(self, X: Float64[ndarray, "n d"]) -> tuple[Int64[ndarray, " pairs"], Int64[ndarray, " pairs"]]:
        """Pair every row with the centroids that may be its nearest, in order of rows, then of labels."""
        dtype = self.lower_bounds.dtype
        lower = np.column_stack([X, np.ones(len(X))]).astype(dtype) @ self.lower_bounds
        rows, likely = np.arange(len(X)), lower.argmin(axis=1)
        margin = 2 * self.g * (self.squared_norms[likely] + np.einsum("nd,nd->n", X, X))
        # Products too small for `dtype` become zero, which a relative bound does not cover.
        margin += 4 * (X.shape[1] + 4) * np.finfo(dtype).tiny
        limits = lower[rows, likely] + margin.astype(dtype)
        lower[rows, likely] = np.inf
        close = np.flatnonzero(lower.min(axis=1) <= limits)
        if not len(close):
            return rows, likely
        others, candidates = np.nonzero(lower[close] <= limits[close, None])
        rows, candidates = np.append(rows, close[others]), np.append(likely, candidates)
        ordered = np.lexsort((candidates, rows))
        return rows[ordered], candidates[ordered]


def _lowest_of_each_row(
    rows: Int64[ndarray, " pairs"], score: Float64[ndarray, " pairs"], labels: Int64[ndarray, " pairs"]
) -> Int64[ndarray, " n"]:
    """Return for each row the index of its pair of lowest score (ties: the lower label)."""
    if len(rows) == rows[-1] + 1:
        return rows
    best_first = np.lexsort((labels, score, rows))
    return best_first[np.searchsorted(rows, np.arange(rows[-1] + 1))]


def paired_distances(
    X: Float32[ndarray, "n d"],
    centroids: Float32[ndarray, "k d"],
    rows: Int64[ndarray, " pairs"],
    labels: Int64[ndarray, " pairs"],
) -> Float64[ndarray, " pairs"]:
    """Return the distance between row and centroid for each pair of a row number and a centroid number."""
    squares = _paired_squares(X, centroids, rows, labels)
    return np.sqrt(squares, out=squares)


def _paired_squares(
    X: ndarray, centroids: ndarray, rows: ndarray, labels: ndarray
) -> Float64[ndarray, " pairs"]:
    squares = np.empty(len(rows))
    step = max(_VALUES_AT_ONCE // X.shape[1], 1)
    for start in range(0, len(rows), step):
        pairs = slice(start, start + step)
        difference = np.subtract(X[rows[pairs]], centroids[labels[pairs]], dtype=np.float64)
        squares[pairs] = np.einsum("pd,pd->p", difference, difference)
    return squares
