"""Find the nearest rows of every row by comparing all pairs, without a matrix of all pairs in memory.

Rows are sorted so that close ones mostly stand together. The rows around a row then give a first bound of
the distance to its furthest wanted neighbour. All pairs are compared as products of matrices that stay in
the processor's cache, and only those within the bound, one in some hundreds, are looked at again. The time
grows with n^2 d, the memory with n d.

The distances of the rows found are computed again from differences in float64 and sorted, so that duplicates
have distance exactly 0 and an offset of all rows costs no precision. Whether float32 may have missed a nearer
row follows from its rounding: where it may, as among rows a thousand times closer to each other than to the
others, all that it cannot tell apart are measured again. Of rows at the same distance any may be found.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray
from threadpoolctl import threadpool_limits

from winnow.geometry.distance import paired_distances, squared_distances
from winnow.geometry.pairs import TILE, Pairs

_FEW = 200  # rows of which all distances are computed in float64
_ROWS_PER_PIVOT = 256
_SPARE = 3  # neighbours that are found beyond the wanted ones, so that float32 drops none of these
_CELLS_SOUGHT = 32  # of approximately nearest neighbours
_NEW_PER_KEPT = 3  # pairs that are collected for each that is kept, before the furthest are dropped


def nearest_neighbours(
    X: Float32[ndarray, "n d"], count: int, *, exact: bool = True
) -> tuple[Int64[ndarray, "n count"], Float64[ndarray, "n count"]]:
    """Return the `count` nearest other rows of every row (at most n - 1), nearest first, and the distances.

    Not `exact`, the rows are sought in the nearest of about 4 sqrt(n) cells only (faiss's inverted lists), in
    a time that grows with n^1.5: most are found (of 20 in MNIST 99 %), further ones replace the others.

    >>> rows, distances = nearest_neighbours(np.float32([[0], [1], [3]]), 1)
    >>> rows.ravel(), distances.ravel()
    (array([1, 0, 1]), array([1., 1., 2.]))
    """
    with threadpool_limits(1):
        return _search(X, min(count, len(X) - 1), exact)


def sparsity(
    n: int,
    groups: Iterable[tuple[Int64[ndarray, " _"], Float32[ndarray, "_ d"]]],
    counts: Int64[ndarray, " groups"],
    *,
    exact: bool = True,
) -> Float64[ndarray, " n"]:
    """Return every row's mean distance to its nearest other rows of the same group, `counts` of each group.

    The inverse of a density. A row that is alone in its group, or in none, has the sparsity 0. A group is the
    numbers of its rows, among `n`, and the rows; one of them needs to be in memory at a time.

    >>> groups = [(np.array([0, 1, 3]), np.float32([[0], [1], [3]])), (np.array([2]), np.float32([[9]]))]
    >>> sparsity(4, groups, np.array([2, 2]))
    array([2. , 1.5, 0. , 2.5])
    """
    means = np.zeros(n)
    with threadpool_limits(1):
        for (rows, X), count in zip(groups, counts, strict=True):
            if len(rows) > 1 and count > 0:
                _, distances = _search(X, min(int(count), len(rows) - 1), exact)
                means[rows] = distances.mean(axis=1)
    return means


def _search(
    X: ndarray, count: int, exact: bool
) -> tuple[Int64[ndarray, "n count"], Float64[ndarray, "n count"]]:
    n = len(X)
    if n <= _FEW:
        return _search_few(X, count)
    neighbours, distances = np.empty((n, count), dtype=np.int64), np.empty((n, count))
    wanted = min(count + 1 + _SPARE, n)
    if not exact:
        for rows, found in _nearest_cells(X, wanted):
            neighbours[rows], distances[rows] = _measured(X, rows, found, count)
        return neighbours, distances
    order = _together(X)
    pairs = Pairs.of(X, order)
    for start in range(0, n, TILE):
        tile, rows = slice(start, start + TILE), order[start : start + TILE]
        nearest = _nearest(pairs, start, wanted)
        neighbours[rows], distances[rows] = _measured(X, rows, order[nearest.columns], count)
        reach = pairs.reach(tile, distances[rows, -1])
        # Nothing is nearer than a duplicate, however many there are.
        unsure = (nearest.bounds <= reach) & (distances[rows, -1] > 0) & (wanted < n)
        for place in np.flatnonzero(unsure):
            close = order[np.flatnonzero(pairs.left[start + place] @ pairs.right.T <= reach[place])]
            row = rows[[place]]
            neighbours[row], distances[row] = _measured(X, row, close[None, :], count)
    return neighbours, distances


def _measured(
    X: ndarray, rows: Int64[ndarray, " b"], found: Int64[ndarray, "b m"], count: int
) -> tuple[Int64[ndarray, "b count"], Float64[ndarray, "b count"]]:
    """Return the nearest of the rows found for each row, itself among them, and their exact distances."""
    near = _without(rows, found)
    measured = paired_distances(X, X, np.repeat(rows, near.shape[1]), near.ravel()).reshape(near.shape)
    nearest_first = np.lexsort((near, measured))[:, :count]
    nearest = np.take_along_axis(near, nearest_first, axis=1)
    return nearest, np.take_along_axis(measured, nearest_first, axis=1)


def _nearest_cells(
    X: ndarray, count: int
) -> Iterator[tuple[Int64[ndarray, " b"], Int64[ndarray, "b count"]]]:
    """Yield rows and about the `count` nearest rows of each, itself included, in any order."""
    import faiss

    centred = (X - X.mean(axis=0, dtype=np.float64)).astype(np.float32)
    index = faiss.index_factory(X.shape[1], f"IVF{max(min(ceil(4 * sqrt(len(X))), len(X) // count), 1)},Flat")
    index.cp.min_points_per_centroid, index.nprobe = 1, _CELLS_SOUGHT
    with threadpool_limits(1):
        index.train(centred)
        index.add(centred)
    for start in range(0, len(X), TILE):
        rows = np.arange(start, min(start + TILE, len(X)))
        with threadpool_limits(1):
            found = index.search(centred[rows], count)[1]
        for missing in np.flatnonzero((found < 0).any(axis=1)):  # its cells hold too few rows
            found[missing] = np.argpartition(squared_distances(X, X[rows[missing]]), count - 1)[:count]
        yield rows, found


def _search_few(X: ndarray, count: int) -> tuple[Int64[ndarray, "n count"], Float64[ndarray, "n count"]]:
    from scipy.spatial.distance import cdist

    distances = cdist(X, X)
    np.fill_diagonal(distances, np.inf)
    near = np.argsort(distances, axis=1, kind="stable")[:, :count]
    return near, np.take_along_axis(distances, near, axis=1)


def _nearest(pairs: Pairs, start: int, count: int) -> "_Nearest":
    """Return the `count` rows nearest to each row of the tile at `start`, itself included, in any order."""
    own, around = pairs.left[start : start + TILE], _around(start, count, len(pairs.right))
    best = _Nearest.of(own @ pairs.right[around].T, around.start, count)
    bounded, found = Pairs.less(own, best.bounds), list[_Found]()
    for first in range(0, len(pairs.right), TILE):
        if around.start <= first < around.stop:
            continue
        found.append(_Found.below_zero(bounded @ pairs.right[first : first + TILE].T, first))
        if sum(len(each.rows) for each in found) > _NEW_PER_KEPT * best.values.size:
            best = best.or_nearer(found)
            bounded, found = Pairs.less(own, best.bounds), []
    return best.or_nearer(found)


def _around(start: int, count: int, n: int) -> slice:
    """Return whole tiles around the one at `start` that hold at least twice `count` rows, if there are."""
    tiles, needed = -(-n // TILE), 1 + -(-2 * count // TILE)
    first = max(min(start // TILE, tiles - needed), 0)
    return slice(first * TILE, (first + needed) * TILE)


@dataclass(frozen=True, eq=False)
class _Found:
    """Pairs of a row of one tile and a row of another within a bound, and by how much they are."""

    rows: Int64[ndarray, " m"]
    columns: Int64[ndarray, " m"]
    values: Float32[ndarray, " m"]

    @classmethod
    def below_zero(cls, tile: Float32[ndarray, "b c"], first: int) -> "_Found":
        at = np.flatnonzero(tile < 0)
        rows, columns = np.divmod(at, tile.shape[1])
        return cls(rows, columns + first, tile.ravel()[at])


@dataclass(frozen=True, eq=False)
class _Nearest:
    """The nearest rows found so far for each of b rows, and half their squared distances."""

    columns: Int64[ndarray, "b count"]
    values: Float32[ndarray, "b count"]

    @classmethod
    def of(cls, tile: Float32[ndarray, "b c"], first: int, count: int) -> "_Nearest":
        columns = np.argpartition(tile, count - 1, axis=1)[:, :count]
        return cls(columns + first, np.take_along_axis(tile, columns, axis=1))

    @property
    def bounds(self) -> Float32[ndarray, " b"]:
        """Half the squared distance to the furthest of them."""
        return self.values.max(axis=1)

    def or_nearer(self, found: Sequence[_Found]) -> "_Nearest":
        """Return what it is after more pairs have been found."""
        b, count = self.columns.shape
        rows = np.concatenate([np.repeat(np.arange(b), count), *(each.rows for each in found)])
        columns = np.concatenate([self.columns.ravel(), *(each.columns for each in found)])
        bounds = self.bounds
        values = np.concatenate([self.values.ravel(), *(each.values + bounds[each.rows] for each in found)])
        order = np.argsort(values)
        order = order[
            np.argsort(rows[order].astype(np.uint16), kind="stable")
        ]  # 16 bits are sorted by digits
        begins = np.searchsorted(rows[order], np.arange(b))
        lowest = order[begins[:, None] + np.arange(count)]
        return _Nearest(columns[lowest], values[lowest])


def _together(X: Float32[ndarray, "n d"]) -> Int64[ndarray, " n"]:
    """Return an order of rows in which close ones mostly stand together.

    Evenly spaced rows are the pivots. A row stands with those that have the same nearest pivot, and pivots
    are sorted along the first coordinate.
    """
    centred = X - X.mean(axis=0, dtype=np.float64).astype(X.dtype)
    pivots = centred[::_ROWS_PER_PIVOT]
    pivots = pivots[np.argsort(pivots[:, 0], kind="stable")]
    half_squares = np.einsum("pd,pd->p", pivots, pivots) / 2
    nearest = np.empty(len(centred), dtype=np.int64)
    for start in range(0, len(centred), TILE):
        rows = slice(start, start + TILE)
        nearest[rows] = (centred[rows] @ pivots.T - half_squares).argmax(axis=1)
    return np.argsort(nearest, kind="stable")


def _without(rows: ndarray, found: ndarray) -> ndarray:
    """Drop each row from its own neighbours, or the last one if only duplicates of the row were found."""
    own = found == rows[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(len(found), -1)
