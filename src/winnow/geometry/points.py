"""Rows relative to their mean, and the nearest of some centroids to each, as the passes of k-means need them.

Passes are matrix products on tiles that stay in the processor's cache: there is no n x k matrix. Rows are
read in chunks, so that `X` may be a memory map; a small `X` is copied once, centred.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.geometry.distance import expansion
from winnow.geometry.spans import mean_of, rows_in_order, spans
from winnow.rows.chunks import chunks_of

_TILE_VALUES = 2**17  # of a matrix of scores; half a megabyte stays in the processor's cache
_CHUNK_VALUES = 2**22  # of X, read at once where no scores are computed
_COPIED_VALUES = 2**23  # of X, up to which a centred copy is kept in memory


@dataclass(frozen=True, eq=False)
class Assignment:
    """The cluster of each of m rows, and its squared distance to that centroid in single precision."""

    labels: Int32[ndarray, " m"]
    costs: Float32[ndarray, " m"]

    def or_nearer(self, other: "Assignment", first_label: int) -> "Assignment":
        """Return the nearer of two assignments for each row; labels of `other` count from `first_label`."""
        nearer = other.costs < self.costs
        return Assignment(
            np.where(nearer, other.labels + np.int32(first_label), self.labels),
            np.where(nearer, other.costs, self.costs),
        )


@dataclass(frozen=True, eq=False)
class Points:
    """The rows of `X` relative to their mean `origin`, for which single precision is enough."""

    X: Float32[ndarray, "n d"]
    origin: Float32[ndarray, " d"]
    squared_norms: Float32[ndarray, " n"]

    @classmethod
    def of(cls, X: Float32[ndarray, "n d"]) -> "Points":
        """Compute the mean and the squared norms of the rows, a chunk at a time."""
        origin = mean_of(X).astype(np.float32)
        squared_norms = np.empty(len(X), np.float32)
        points = cls(X, origin, squared_norms)
        for chunk in points.chunks():
            rows = points[chunk]
            np.einsum("nd,nd->n", rows, rows, out=squared_norms[chunk])
        return points

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, rows: slice | ndarray) -> Float32[ndarray, "m d"]:
        return self.with_one(rows)[:, :-1]

    @cached_property
    def copied(self) -> Float32[ndarray, "n terms"] | None:
        """All rows as `with_one` returns them, or None if they are too many to be kept in memory."""
        return _with_one(self.X, self.origin) if self.X.size <= _COPIED_VALUES else None

    def with_one(self, rows: slice | ndarray) -> Float32[ndarray, "m terms"]:
        """Return rows with a 1 appended, to be multiplied by an `expansion`."""
        if self.copied is None:
            return _with_one(_fetched(self.X, rows), self.origin)
        return _fetched(self.copied, rows)

    def chunks(self) -> Iterator[slice]:
        """Divide the rows into slices of bounded size."""
        return chunks_of(self.X, rows=len(self), values=_CHUNK_VALUES)

    def sample(self, size: int, rng: Generator) -> "Points":
        """Return at most `size` of the rows, drawn at random, in their old order."""
        if size >= len(self):
            return self
        rows = np.sort(rng.choice(len(self), size, replace=False))
        return Points(rows_in_order(self.X, rows), self.origin, self.squared_norms[rows])

    def nearest(
        self, centroids: Float32[ndarray, "k d"], rows: Int64[ndarray, " m"] | None = None
    ) -> Assignment:
        """Assign `rows`, or all rows, to the nearest centroids."""
        count, (k, d) = len(self) if rows is None else len(rows), centroids.shape
        matrix = expansion(centroids, np.einsum("kd,kd->k", centroids, centroids), np.float32)
        step = min(max(_TILE_VALUES // max(k, d), 64), count)
        labels, costs = np.empty(count, np.int32), np.empty(count, np.float32)
        scores, begins = np.empty((step, k), np.float32), np.arange(0, step * k, k)
        for span in spans(self.X) if rows is None else [slice(0, count)]:
            for start in range(span.start, span.stop, step):
                part = slice(start, min(start + step, span.stop))
                size = part.stop - start
                tile = self.with_one(part if rows is None else rows[part])
                lowest = np.matmul(tile, matrix, out=scores[:size]).argmin(axis=1)
                labels[part], costs[part] = lowest, scores.take(begins[:size] + lowest)
        costs += self.squared_norms if rows is None else self.squared_norms[rows]
        return Assignment(labels, np.maximum(costs, 0, out=costs))  # rounding may give small negative values

    def means(self, labels: Int32[ndarray, " n"], k: int) -> Float32[ndarray, "k d"]:
        """Return the mean of the rows of every cluster, zero for an empty one."""
        return means_of(self.totals(labels, k))

    def totals(self, labels: Int32[ndarray, " n"], k: int) -> Float64[ndarray, "k terms"]:
        """Return the sum of the rows of every cluster and, in the last column, their number."""
        from scipy.sparse import csc_array

        totals = np.zeros((k, self.X.shape[1] + 1))
        for chunk in self.chunks():
            members, ends = labels[chunk], np.arange(chunk.stop - chunk.start + 1, dtype=np.int32)
            ones = np.ones(len(members), np.float32)
            totals += csc_array((ones, members, ends), shape=(k, len(members))) @ self.with_one(chunk)
        return totals


def means_of(totals: Float64[ndarray, "k terms"]) -> Float32[ndarray, "k d"]:
    """Return the means that sums and numbers of rows give, zero for no rows.

    >>> means_of(np.array([[6.0, 2.0, 2.0], [0.0, 0.0, 0.0]])).tolist()
    [[3.0, 1.0], [0.0, 0.0]]
    """
    sizes = totals[:, -1:]  # the sums of the appended ones
    return (totals[:, :-1] / np.maximum(sizes, 1)).astype(np.float32)


def _fetched(X: Float32[ndarray, "n d"], rows: slice | ndarray) -> Float32[ndarray, "m d"]:
    # `take` is several times as fast as indexing, but copies the whole of an array that is not C-contiguous.
    return X[rows] if isinstance(rows, slice) or not X.flags.c_contiguous else X.take(rows, axis=0)


def _with_one(X: Float32[ndarray, "n d"], origin: Float32[ndarray, " d"]) -> Float32[ndarray, "n d+1"]:
    extended = np.ones((len(X), X.shape[1] + 1), np.float32)
    np.subtract(X, origin, out=extended[:, :-1])
    return extended
