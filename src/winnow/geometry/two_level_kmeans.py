"""Find very many centroids in two levels: cells of the space first, then centroids within each cell.

To find k centroids at once takes n x k distances for the initial ones alone. Here about sqrt(k) cells are
found first, then some sqrt(k) centroids in each, as the nodes of a vocabulary tree are [1]_ [2]_; both from a
sample. Each cell gets centroids according to the squared distances in it. Passes over all rows then move all
centroids, across the borders of cells, as a tree does not: a row is compared with the centroids in and around
its cell, some 400 of them whatever k is. So n x 400 distances take the place of n x k.

It should lose to `fast_kmeans` in inertia, whose initial centroids are drawn with a view on all rows, and in
time where clusters are few.

.. [1] Nister and Stewenius, "Scalable recognition with a vocabulary tree", CVPR 2006.
.. [2] Vo et al., "Automatic data curation for self-supervised learning: a clustering-based approach",
   TMLR 2024, where levels are stacked from the rows upwards. https://arxiv.org/abs/2405.15613
"""

from heapq import heapify, heappop, heapreplace
from math import isqrt

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.geometry.distance import nearest_centroid
from winnow.geometry.fast_kmeans import (
    MOST_NEIGHBOURS,
    OVERRELAXATION,
    PLAIN_FIRST,
    PLAIN_LAST,
    SEEDING_ROWS_PER_CLUSTER,
    Regions,
    find_centroids,
    moved,
    nearest_around,
    rows_of_regions,
)
from winnow.geometry.points import Assignment, Points
from winnow.geometry.spans import rows_in_order, spans

_ROWS_AT_ONCE = 2**16  # of a cell, where exact distances are computed
PASSES_OF_A_LEVEL = 6  # over the sample of a level; passes over all rows follow


def find_clusters(
    X: Float32[ndarray, "n d"], k: int, rng: Generator, *, passes: int, draws: int
) -> tuple[Float32[ndarray, "k d"], Int64[ndarray, " n"], Float64[ndarray, " n"]]:
    """Return k centroids, the label of every row, and its distance.

    The label is that of the nearest of the centroids near the row's cell (ties: the lower one). No cluster is
    empty where there are k distinct rows. `draws` as in `fast_kmeans.find_centroids`; `passes` are those over
    all rows, across the borders of cells.

    >>> X = np.float32([[0], [2], [10], [12]])
    >>> centroids, labels, distances = find_clusters(X, 2, np.random.default_rng(0), passes=3, draws=3)
    >>> np.sort(centroids, axis=0).tolist(), distances.tolist()
    ([[1.0], [11.0]], [1.0, 1.0, 1.0, 1.0])
    """
    points = Points.of(X)
    regions = Regions(_learnt(points, np.arange(len(X)), max(isqrt(k), 1), rng, draws))
    cells = points.nearest(regions.centres)
    centroids = _in_cells(points, cells, len(regions.centres), k, rng, draws)
    for done in range(passes):
        around = regions.around(centroids, regions.nearest(centroids), MOST_NEIGHBOURS)
        assignment = nearest_around(points, cells.labels, centroids, around)
        overrelaxed = PLAIN_FIRST <= done < passes - PLAIN_LAST
        centroids = moved(points, centroids, assignment, OVERRELAXATION if overrelaxed else 1.0)
    labels, distances = np.empty(len(X), np.int64), np.empty(len(X))
    placed = centroids + points.origin
    around = regions.around(centroids, regions.nearest(centroids), MOST_NEIGHBOURS)
    for span in spans(X):
        for cell, members in rows_of_regions(cells.labels[span], len(around)):
            rows, near = span.start + members, np.sort(around[cell])
            for part in np.array_split(rows, -(-len(rows) // _ROWS_AT_ONCE)):
                found, distances[part] = nearest_centroid(X[part], placed[near])
                labels[part] = near[found]
    return fill_empty(X, placed, labels, distances)


def _in_cells(
    points: Points, cells: Assignment, m: int, k: int, rng: Generator, draws: int
) -> Float32[ndarray, "k d"]:
    """Divide each of m cells into its share of k clusters."""
    sizes = np.bincount(cells.labels, minlength=m)
    shares = shares_of(np.bincount(cells.labels, cells.costs, minlength=m), sizes, k)
    members = np.split(np.argsort(cells.labels, kind="stable"), sizes.cumsum()[:-1])
    given = [(rows, share) for rows, share in zip(members, shares, strict=True) if share]
    return np.concatenate([_learnt(points, rows, share, rng, draws) for rows, share in given])


def _learnt(points: Points, rows: Int64[ndarray, " m"], k: int, rng: Generator, draws: int) -> ndarray:
    """Return k centroids of some rows, learnt from a sample of them."""
    if len(rows) > (size := SEEDING_ROWS_PER_CLUSTER * k):
        rows = np.sort(rng.choice(rows, size, replace=False))
    X = rows_in_order(points.X, rows) - points.origin
    return find_centroids(X, k, rng, passes=PASSES_OF_A_LEVEL, draws=draws)


def shares_of(costs: Float64[ndarray, " cells"], sizes: Int64[ndarray, " cells"], k: int) -> list[int]:
    """Share k centroids among cells of so many rows: one for each cell that has rows, then by their costs.

    The next one always goes to the cell with the highest cost for each centroid that it has, as seats go to
    parties (D'Hondt); none has more than it has rows. There must be k rows and no more cells than k.

    >>> shares_of(np.array([60.0, 25.0, 9.0, 0.0]), np.array([50, 50, 1, 0]), 7)
    [4, 2, 1, 0]
    """
    shares = [int(size > 0) for size in sizes]
    waiting = [(-costs[cell], cell) for cell in range(len(sizes)) if sizes[cell] > 1]
    heapify(waiting)
    for _ in range(k - sum(shares)):
        cell = waiting[0][1]
        shares[cell] += 1
        if shares[cell] < sizes[cell]:
            heapreplace(waiting, (-costs[cell] / shares[cell], cell))
        else:
            heappop(waiting)
    return shares


def fill_empty(
    X: Float32[ndarray, "n d"],
    centroids: Float32[ndarray, "k d"],
    labels: Int64[ndarray, " n"],
    distances: Float64[ndarray, " n"],
) -> tuple[Float32[ndarray, "k d"], Int64[ndarray, " n"], Float64[ndarray, " n"]]:
    """Move the centroids of empty clusters onto the rows furthest from theirs, and let rows follow them.

    Some stay empty only where every row lies at its centroid: where there are fewer distinct rows than
    clusters. Changes its arguments.

    >>> X, centroids = np.float32([[0], [1], [5]]), np.float32([[0], [9]])
    >>> fill_empty(X, centroids, np.array([0, 0, 0]), np.array([0.0, 1.0, 5.0]))[1:]
    (array([0, 0, 1]), array([0., 1., 0.]))
    """
    while len(empty := np.flatnonzero(np.bincount(labels, minlength=len(centroids)) == 0)):
        furthest = np.argpartition(-distances, len(empty) - 1)[: len(empty)]
        rows = np.unique(X[np.sort(furthest[distances[furthest] > 0])], axis=0)
        if not len(rows):
            break
        # Each of these clusters has a row at its centroid from now on, so that none becomes empty again.
        filled = empty[: len(rows)]
        centroids[filled] = rows
        nearest, found = nearest_centroid(X, rows)
        nearer = found < distances
        labels[nearer], distances[nearer] = filled[nearest[nearer]], found[nearer]
    return centroids, labels, distances
