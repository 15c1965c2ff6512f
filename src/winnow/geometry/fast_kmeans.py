"""Find k-means centroids fast: initial centroids drawn in blocks, over-relaxed steps, and a local search.

Three parts of k-means take its time: drawing k initial centroids one after another, dozens of passes until
they converge, and n x k distances in each pass. Here initial centroids are drawn in blocks, more than
needed, and those that lower the inertia most are kept, as the greedy trials of k-means++ do [1]_. Centroids
move beyond the mean of their rows (over-relaxation [2]_), so that a dozen passes replace thirty. With many
clusters the space is divided into regions, and a row is compared only with the centroids in and around its
region. How a pass computes distances is in `points.py`; `X` may be a memory map.

It stops after a fixed number of passes, before Lloyd's iteration converges. It should lose to Lloyd's
iteration where the last tenth of a percent of inertia matters, or where clusters are so elongated that rows
change clusters for many passes.

.. [1] Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007; in blocks:
   Bahmani et al., "Scalable k-means++", VLDB 2012. https://arxiv.org/abs/1203.6402
.. [2] Salakhutdinov and Roweis, "Adaptive overrelaxed bound optimization methods", ICML 2003.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.geometry.distance import nearest_centroid
from winnow.geometry.points import Assignment, Points
from winnow.geometry.spans import spans

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
            around = regions.around(centroids, of_centroid, min(k // 2, MOST_NEIGHBOURS))
            assignment = nearest_around(points, of_centroid[assignment.labels], centroids, around)
        elif done:
            assignment = points.nearest(centroids)
        overrelaxed = PLAIN_FIRST <= done < passes - PLAIN_LAST
        centroids = moved(points, centroids, assignment, OVERRELAXATION if overrelaxed else 1.0)
    return centroids + points.origin


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

    def around(
        self, centroids: Float32[ndarray, "k d"], of_centroid: Int64[ndarray, " k"], count: int
    ) -> list[Int64[ndarray, " m"]]:
        """Return, for each region, the numbers of its own centroids and of the next ones, `count` or more.

        `of_centroid` is the region of each centroid.
        """
        squared_norms, found = np.einsum("kd,kd->k", centroids, centroids), []
        for region, centre in enumerate(self.centres):
            away, own = squared_norms - 2 * (centroids @ centre), of_centroid == region
            away[own] = -np.inf
            size = min(max(count, int(own.sum())), len(centroids))
            found.append(np.argpartition(away, size - 1)[:size])
        return found


def nearest_around(
    points: Points,
    of_row: Int[ndarray, " n"],
    centroids: Float32[ndarray, "k d"],
    around: Sequence[Int64[ndarray, " m"]],
) -> Assignment:
    """Assign every row to the nearest of the centroids `around` its region, whose number is `of_row`."""
    labels, costs = np.empty(len(of_row), np.int32), np.empty(len(of_row), np.float32)
    for span in spans(points.X):
        for region, members in rows_of_regions(of_row[span], len(around)):
            rows, near = span.start + members, around[region]
            found = points.nearest(centroids[near], rows)
            labels[rows], costs[rows] = near[found.labels], found.costs
    return Assignment(labels, costs)


def rows_of_regions(
    of_row: Int[ndarray, " n"], count: int
) -> Iterator[tuple[int, Int64[ndarray, " members"]]]:
    """Yield each of the `count` regions that has rows, with their numbers.

    >>> [(region, rows.tolist()) for region, rows in rows_of_regions(np.array([2, 0, 2]), 3)]
    [(0, [1]), (2, [0, 2])]
    """
    narrow = np.min_scalar_type(count)  # numpy sorts short integers fastest
    by_region = np.argsort(of_row.astype(narrow), kind="stable")
    ends = np.bincount(of_row, minlength=count).cumsum()
    for region, rows in enumerate(np.split(by_region, ends[:-1])):
        if len(rows):
            yield region, rows


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
        around = regions.around(points[drawn], of_row[drawn], max(len(drawn) // SHARE_TRIED, FEWEST_TRIED))
        trial = nearest_around(points, of_row, points[drawn], around)
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
