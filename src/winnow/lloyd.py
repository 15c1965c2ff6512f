"""Find k-means centroids fast: careful seeds drawn in blocks, long steps, and a search among neighbours.

Three things cost time in k-means: k draws one after another, dozens of passes to settle, and n x k
distances in every pass. Here seeds are drawn many at a time, more than needed, and the useful ones kept,
which does what the greedy trials of k-means++ do [1]_; centroids move past the mean of their rows
(over-relaxation [2]_), so that a dozen passes do the work of thirty; and once clusters are many, a row
is compared only with the centroids around its own. Passes are matrix products on tiles that stay in the
processor's cache: no n x k table exists, and `X` is read in pieces, so it may be a memory map.

It stops after a fixed number of passes, before Lloyd's iteration stands still, and should lose to it
where the last tenth of a percent of inertia counts, or where clusters are so elongated that rows change
hands for many passes.

.. [1] Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007; in blocks:
   Bahmani et al., "Scalable k-means++", VLDB 2012. https://arxiv.org/abs/1203.6402
.. [2] Salakhutdinov and Roweis, "Adaptive overrelaxed bound optimization methods", ICML 2003.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.distance import expansion, nearest_centroid

_TILE = 2**17  # scores at once: half a megabyte, so that a tile is still in cache when it is searched
_PIECE = 2**22  # values of X read at once where nothing but reading is done
_SEEDING_ROWS_PER_CLUSTER = 256
_OVERSHOOT = 1.8
_PLAIN_FIRST, _PLAIN_LAST = 2, 3  # passes that move centroids to the mean, no further
_FEW = 512  # centroids that are all compared with every row
_MOST_NEIGHBOURS = 1000
_GROUP = 25  # centroids whose rows are compared with the same neighbours


def find_centroids(
    X: Float32[ndarray, "n d"], k: int, rng: Generator, *, passes: int, draws: int
) -> Float32[ndarray, "k d"]:
    """Return k centroids after `passes` moves; every seed is the best of about `draws` candidates.

    >>> X = np.float32([[0], [2], [10], [12]])
    >>> np.sort(find_centroids(X, 2, np.random.default_rng(0), passes=3, draws=3), axis=0).tolist()
    [[1.0], [11.0]]
    """
    points = Points.of(X)
    centroids, assignment = _seed(points, k, rng, draws)
    for done in range(passes):
        if done:
            assignment = _reassign(points, centroids, assignment, rng)
        overshoots = _PLAIN_FIRST <= done < passes - _PLAIN_LAST
        centroids = moved(points, centroids, assignment, _OVERSHOOT if overshoots else 1.0)
    return centroids + points.origin


@dataclass(frozen=True, eq=False)
class Assignment:
    """For each of m rows a cluster, and the squared distance to its centroid in single precision."""

    labels: Int32[ndarray, " m"]
    costs: Float32[ndarray, " m"]


@dataclass(frozen=True, eq=False)
class Points:
    """The rows of `X` seen from their mean, where single precision is good enough."""

    X: Float32[ndarray, "n d"]
    origin: Float32[ndarray, " d"]
    squared_norms: Float32[ndarray, " n"]

    @classmethod
    def of(cls, X: Float32[ndarray, "n d"]) -> "Points":
        """Measure `X` once, piece by piece."""
        origin = X.mean(axis=0, dtype=np.float64).astype(np.float32)
        squared_norms = np.empty(len(X), np.float32)
        points = cls(X, origin, squared_norms)
        for piece in points.pieces():
            rows = points[piece]
            np.einsum("nd,nd->n", rows, rows, out=squared_norms[piece])
        return points

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, rows: slice | ndarray) -> Float32[ndarray, "m d"]:
        return self.X[rows] - self.origin

    def pieces(self) -> Iterator[slice]:
        """Cut the rows into slices of bounded size."""
        step = max(_PIECE // self.X.shape[1], 1)
        return (slice(start, min(start + step, len(self))) for start in range(0, len(self), step))

    def sample(self, size: int, rng: Generator) -> "Points":
        """Return at most `size` of the rows, drawn at random, in their order."""
        if size >= len(self):
            return self
        rows = np.sort(rng.choice(len(self), size, replace=False))
        return Points(self.X[rows], self.origin, self.squared_norms[rows])

    def nearest(
        self, centroids: Float32[ndarray, "k d"], rows: Int64[ndarray, " m"] | None = None
    ) -> Assignment:
        """Assign `rows`, or all, each to the centroid with the lowest score."""
        count, (k, d) = len(self) if rows is None else len(rows), centroids.shape
        matrix = expansion(centroids, np.einsum("kd,kd->k", centroids, centroids), np.float32)
        step = min(max(_TILE // max(k, d), 64), count)
        labels, costs = np.empty(count, np.int32), np.empty(count, np.float32)
        tile, scores, order = (
            np.ones((step, d + 1), np.float32),
            np.empty((step, k), np.float32),
            np.arange(step),
        )
        for start in range(0, count, step):
            part = slice(start, min(start + step, count))
            size = part.stop - start
            np.subtract(self.X[part if rows is None else rows[part]], self.origin, out=tile[:size, :d])
            np.matmul(tile[:size], matrix, out=scores[:size])
            labels[part] = scores[:size].argmin(axis=1)
            costs[part] = scores[order[:size], labels[part]]
        costs += self.squared_norms if rows is None else self.squared_norms[rows]
        return Assignment(labels, np.maximum(costs, 0, out=costs))  # rounding makes tiny negatives

    def means(self, labels: Int32[ndarray, " n"], k: int) -> Float32[ndarray, "k d"]:
        """Return the mean of every cluster's rows; an empty cluster's is the origin."""
        from scipy.sparse import csc_array

        totals = np.zeros((k, self.X.shape[1]))
        for piece in self.pieces():
            members, ends = labels[piece], np.arange(piece.stop - piece.start + 1, dtype=np.int32)
            ones = np.ones(len(members), np.float32)
            totals += csc_array((ones, members, ends), shape=(k, len(members))) @ self[piece]
        sizes = np.bincount(labels, minlength=k)
        return (totals / np.maximum(sizes, 1)[:, None]).astype(np.float32)


def _seed(points: Points, k: int, rng: Generator, draws: int) -> tuple[ndarray, Assignment]:
    """Draw k rows as centroids; return them and every row's nearest."""
    sample = points.sample(_SEEDING_ROWS_PER_CLUSTER * k, rng)
    seeds = rng.choice(len(sample), 1)
    assignment = sample.nearest(sample[seeds])
    while len(seeds) < k:
        # The members of a block are drawn without regard to each other: so few at a time.
        growth = len(seeds) // 2 if len(seeds) < k // 2 else k // 10
        block = min(max(growth, 1), k - len(seeds))
        drawn = drawn_by_cost(assignment.costs, min(block * draws, len(sample)), rng)
        kept, assignment = _with_most_useful(sample, drawn, block, assignment, len(seeds))
        seeds = np.append(seeds, kept)
    centroids = sample[seeds]
    return centroids, assignment if sample is points else points.nearest(centroids)


def drawn_by_cost(costs: Float32[ndarray, " n"], size: int, rng: Generator) -> Int64[ndarray, " size"]:
    """Draw rows without replacement, each with a chance in proportion to its cost."""
    # Of exponential clocks, the chance to ring first is proportional to the rate; at rate 0, never.
    waiting = rng.standard_exponential(len(costs), dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        waiting /= costs
    return np.argpartition(waiting, size - 1)[:size]


def _with_most_useful(
    points: Points, drawn: Int64[ndarray, " m"], block: int, before: Assignment, first_label: int
) -> tuple[Int64[ndarray, " block"], Assignment]:
    """Keep the drawn rows that, as centroids, would lower the cost most, and let them take their rows.

    A row counts for the nearest of the drawn rows only, so that two close ones share what they save.
    """
    trial = points.nearest(points[drawn])
    saved = before.costs - trial.costs
    gainers = np.flatnonzero(saved > 0)
    saved_by = np.bincount(trial.labels[gainers], saved[gainers], minlength=len(drawn))
    kept = drawn[np.argsort(-saved_by, kind="stable")[:block]]

    labels, costs = before.labels.copy(), before.costs.copy()
    if len(gainers):
        nearest = points.nearest(points[kept], gainers)
        won = nearest.costs < costs[gainers]
        labels[gainers[won]] = nearest.labels[won] + first_label
        costs[gainers[won]] = nearest.costs[won]
    return kept, Assignment(labels, costs)


def _reassign(points: Points, centroids: ndarray, before: Assignment, rng: Generator) -> Assignment:
    """Assign every row anew, among many centroids only to one around that of its last cluster."""
    k = len(centroids)
    if k <= _FEW:
        return points.nearest(centroids)
    hubs = find_centroids(centroids, k // _GROUP, rng, passes=2, draws=1)
    groups, _ = nearest_centroid(centroids, hubs)
    group_of_row = groups[before.labels]
    by_group = np.argsort(group_of_row, kind="stable")
    ends = np.bincount(group_of_row, minlength=len(hubs)).cumsum()
    count, squared_norms = min(k // 2, _MOST_NEIGHBOURS), np.einsum("kd,kd->k", centroids, centroids)
    labels, costs = np.empty_like(before.labels), np.empty_like(before.costs)
    for group, rows in enumerate(np.split(by_group, ends[:-1])):
        if len(rows):
            away = squared_norms - 2 * (centroids @ hubs[group])
            away[groups == group] = -np.inf  # a row may always stay where it is
            neighbours = np.argpartition(away, count)[:count]
            found = points.nearest(centroids[neighbours], rows)
            labels[rows], costs[rows] = neighbours[found.labels], found.costs
    return Assignment(labels, costs)


def moved(points: Points, centroids: ndarray, assignment: Assignment, step: float) -> ndarray:
    """Move each centroid by `step` times the way to the mean of its rows, an empty one onto a costly row.

    >>> points = Points.of(np.float32([[-4], [-2], [6]]))
    >>> assignment = Assignment(np.int32([0, 0, 0]), np.float32([16, 4, 36]))
    >>> moved(points, np.float32([[-1], [9]]), assignment, 2.0).tolist()
    [[1.0], [6.0]]
    """
    k = len(centroids)
    shifted = centroids + np.float32(step) * (points.means(assignment.labels, k) - centroids)
    empty = np.flatnonzero(np.bincount(assignment.labels, minlength=k) == 0)
    last = len(points) - len(empty)
    if len(empty):
        shifted[empty] = points[np.argpartition(assignment.costs, last)[last:]]
    return shifted
