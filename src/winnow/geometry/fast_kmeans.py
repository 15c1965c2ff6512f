"""Find k-means centroids fast: initial centroids drawn in blocks, over-relaxed steps, and a local search.

Three parts of k-means take its time: drawing k initial centroids one after another, dozens of passes until
they converge, and n x k distances in each pass. Here initial centroids are drawn in blocks, more than
needed, and those that lower the inertia most are kept, as the greedy trials of k-means++ do [1]_. Centroids
move beyond the mean of their rows (over-relaxation [2]_), so that a dozen passes replace thirty. With many
clusters the space is divided into regions, and a row is compared only with the centroids in and around its
region. Passes are matrix products on tiles that stay in the processor's cache: there is no n x k matrix,
and `X` is read in chunks, so that it may be a memory map; a small `X` is copied once, centred.

It stops after a fixed number of passes, before Lloyd's iteration converges. It should lose to Lloyd's
iteration where the last tenth of a percent of inertia matters, or where clusters are so elongated that rows
change clusters for many passes.

.. [1] Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007; in blocks:
   Bahmani et al., "Scalable k-means++", VLDB 2012. https://arxiv.org/abs/1203.6402
.. [2] Salakhutdinov and Roweis, "Adaptive overrelaxed bound optimization methods", ICML 2003.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Float64, Int, Int32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.geometry.distance import expansion, nearest_centroid
from winnow.geometry.spans import mean_of, rows_in_order, spans
from winnow.types import chunks_of

_TILE_VALUES = 2**17  # of a matrix of scores; half a megabyte stays in the processor's cache
_CHUNK_VALUES = 2**22  # of X, read at once where no scores are computed
_COPIED_VALUES = 2**23  # of X, up to which a centred copy is kept in memory
SEEDING_ROWS_PER_CLUSTER = 256  # rows that initial centroids are drawn from
SAMPLE_PER_SEED, SMALLEST_SAMPLE = 32, 10_000  # rows on which drawn candidates are compared
OVERRELAXATION = 1.9  # length of a step; below 2 every step still lowers the inertia
PLAIN_FIRST, PLAIN_LAST = 1, 2  # passes whose steps end at the mean
FEW = 512  # centroids up to which all are compared with every row
_REGION = 50  # centroids in a region, on average
MOST_NEIGHBOURS = 400  # centroids that a row is compared with, if there are many
SHARE_TRIED, FEWEST_TRIED = 4, 200  # candidates that a row is compared with: a quarter, at least 200


def find_centroids(
    X: Float32[ndarray, "n d"], k: int, rng: Generator, *, passes: int, draws: int
) -> Float32[ndarray, "k d"]:
    """Return k centroids after `passes` steps; of `draws` candidates for each initial one the best are kept.

    Uses as many threads as numpy does; the last bits of the result depend on their number.

    >>> X = np.float32([[0], [2], [10], [12]])
    >>> np.sort(find_centroids(X, 2, np.random.default_rng(0), passes=3, draws=3), axis=0).tolist()
    [[1.0], [11.0]]
    """
    points = Points.of(X)
    centroids, assignment = _seed(points, k, rng, draws)
    regions = Regions.of(centroids, rng) if k > FEW else None
    for done in range(passes):
        if done and regions:
            of_centroid = regions.nearest(centroids)
            of_row = of_centroid[assignment.labels]
            assignment = regions.search(points, of_row, centroids, of_centroid, min(k // 2, MOST_NEIGHBOURS))
        elif done:
            assignment = points.nearest(centroids)
        overrelaxed = PLAIN_FIRST <= done < passes - PLAIN_LAST
        centroids = moved(points, centroids, assignment, OVERRELAXATION if overrelaxed else 1.0)
    return centroids + points.origin


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


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions of space around centres of their own, by which the centroids near a row are found."""

    centres: Float32[ndarray, "regions d"]

    @classmethod
    def of(cls, centroids: Float32[ndarray, "k d"], rng: Generator) -> "Regions":
        """Cluster the centroids into regions of about 50 centroids each."""
        return cls(find_centroids(centroids, max(len(centroids) // _REGION, 1), rng, passes=2, draws=1))

    def nearest(self, centroids: Float32[ndarray, "k d"]) -> Int64[ndarray, " k"]:
        """Return the region that each centroid lies in."""
        return nearest_centroid(centroids, self.centres)[0]

    def search(
        self,
        points: Points,
        of_row: Int[ndarray, " n"],
        centroids: Float32[ndarray, "k d"],
        of_centroid: Int64[ndarray, " k"],
        count: int,
    ) -> Assignment:
        """Assign every row to the nearest of the `count` or more centroids in and around its region."""
        labels, costs = np.empty(len(of_row), np.int32), np.empty(len(of_row), np.float32)
        for span in spans(points.X):
            for members, around in self.neighbourhoods(of_row[span], centroids, of_centroid, count):
                rows = span.start + members
                found = points.nearest(centroids[around], rows)
                labels[rows], costs[rows] = around[found.labels], found.costs
        return Assignment(labels, costs)

    def neighbourhoods(
        self, of_row: ndarray, centroids: ndarray, of_centroid: ndarray, count: int
    ) -> Iterator[tuple[Int64[ndarray, " m"], Int64[ndarray, " around"]]]:
        """Yield the rows of each region that has some, and the `count` or more centroids in and around it."""
        narrow = np.min_scalar_type(len(self.centres))  # numpy sorts short integers fastest
        by_region = np.argsort(of_row.astype(narrow), kind="stable")
        ends = np.bincount(of_row, minlength=len(self.centres)).cumsum()
        squared_norms = np.einsum("kd,kd->k", centroids, centroids)
        for region, rows in enumerate(np.split(by_region, ends[:-1])):
            if len(rows):
                away, own = squared_norms - 2 * (centroids @ self.centres[region]), of_centroid == region
                away[own] = -np.inf  # all centroids of the region itself are compared
                size = min(max(count, int(own.sum())), len(centroids))
                yield rows, np.argpartition(away, size - 1)[:size]


def _seed(points: Points, k: int, rng: Generator, draws: int) -> tuple[ndarray, Assignment]:
    """Draw k rows as initial centroids; return them and the assignment of every row."""
    sample = points.sample(SEEDING_ROWS_PER_CLUSTER * k, rng)
    n, seeds = len(sample), rng.choice(len(sample), 1)
    assignment = sample.nearest(sample[seeds])
    while (m := len(seeds)) < k:
        # Rows of one block are drawn independently and may lie close together: blocks must be small.
        block = min(max(m // 2 if m < k // 2 else k // 10, 1), k - m)
        drawn = drawn_by_cost(assignment.costs, min(block * draws, n), rng)
        kept = _most_useful(sample, sample[seeds], drawn, block, assignment, rng)
        # Every row is compared with every new centroid: one that is assigned to a distant centroid would be
        # drawn although another is near.
        assignment = assignment.or_nearer(sample.nearest(sample[kept]), m)
        seeds = np.append(seeds, kept)
    centroids = sample[seeds]
    return centroids, assignment if sample is points else points.nearest(centroids)


def drawn_by_cost(costs: Float32[ndarray, " n"], size: int, rng: Generator) -> Int64[ndarray, " size"]:
    """Draw rows without replacement, each with a probability proportional to its cost."""
    # The smallest of exponential variables is the i-th with a probability proportional to its rate.
    waiting = rng.standard_exponential(len(costs), dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        waiting /= costs
    return np.argpartition(waiting, size - 1)[:size]


def _most_useful(
    points: Points,
    seeds: Float32[ndarray, "seeds d"],
    drawn: Int64[ndarray, " m"],
    count: int,
    assignment: Assignment,
    rng: Generator,
) -> Int64[ndarray, " count"]:
    """Return those of the drawn rows that, as centroids, would lower the costs of the other rows most.

    A row counts for the nearest of the drawn rows only, so that two drawn rows close together share the gain.
    """
    if len(drawn) == count:
        return drawn
    if len(seeds) <= FEW:
        size = min(SAMPLE_PER_SEED * len(seeds) + SMALLEST_SAMPLE, len(points))
        sample = rng.choice(len(points), size, replace=False)
        trial = points.nearest(points[drawn], sample)
    else:
        sample, regions = np.arange(len(points)), Regions.of(seeds, rng)
        of_row = regions.nearest(seeds)[assignment.labels]
        around = max(len(drawn) // SHARE_TRIED, FEWEST_TRIED)
        trial = regions.search(points, of_row, points[drawn], of_row[drawn], around)
    saved = np.maximum(assignment.costs[sample] - trial.costs, 0)
    saved_by = np.bincount(trial.labels, saved, minlength=len(drawn))
    return drawn[np.argsort(-saved_by, kind="stable")[:count]]


def moved(points: Points, centroids: ndarray, assignment: Assignment, step: float) -> ndarray:
    """Move each centroid by `step` times its distance to the mean of its rows, an empty one to a costly row.

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
