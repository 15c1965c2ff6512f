"""Keep the medoids: the rows with the least mean distance to the other rows of their cluster.

A centroid is an average that may resemble no row; a medoid is the row that represents the others best, and
outliers move it less. Expect it close to `nearest` (on MNIST within a tenth of a point at 600 rows), better
where clusters are skewed, and with the same weakness: at large budgets the tails are left out.

Reference: Kaufman and Rousseeuw, "Clustering by means of medoids", 1987. Only the choice of the medoid is
theirs; the clusters are given.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.pool import Pool, Scale
from winnow.selector._cost import warn_if_long
from winnow.selector._per_cluster import PerCluster
from winnow.selector._rows_by_group import rows_by_group

_PAIRS_AT_ONCE = 2**20
_COORDINATES_PER_SECOND = 2.5e9  # on one core, compared in double precision


@dataclass(frozen=True)
class KMedoids(PerCluster):
    """Select the most central rows by mean distance to their cluster, evenly across clusters.

    The time grows with n times the size of a cluster, at most `sample`, whatever the budget; the memory with
    n.

    Parameters
    ----------
    sample : int
        Rows by which a larger cluster is represented, drawn at random, so that the cost grows with the
        number of rows and not with its square. Clusters of up to so many rows are represented by all.

    Examples
    --------
    >>> from winnow.types import Clustering
    >>> X = np.float32([[0], [1], [8], [20], [21]])
    >>> clustering = Clustering(
    ...     centroids=np.float32([[3], [20]]),
    ...     labels=np.array([0, 0, 0, 1, 1]),
    ...     distances=np.array([3.0, 2.0, 5.0, 0.0, 1.0]),
    ... )
    >>> pool = Pool(5, X=X, clustering=clustering)
    >>> KMedoids().select(pool, budget=2, rng=np.random.default_rng(0)).indices
    array([1, 3])
    """

    sample: Annotated[int, Field(ge=1)] = 2000

    needs = frozenset({"X", "clustering"})

    def warn_of_cost(self, scale: Scale) -> None:
        compared = min(scale.n // scale.k, self.sample)
        what = f"comparing {scale.n:,} rows with {compared:,} of their cluster"
        seconds = scale.n * compared * scale.d / _COORDINATES_PER_SECOND
        warn_if_long(seconds, what, "selector=nearest, or selector.sample=200")

    def score(self, pool: Pool, rng: Generator) -> Float64[ndarray, " n"]:
        distances = np.zeros(pool.n)
        for rows, members in rows_by_group(pool.X, pool.clustering.members):
            others = members
            if len(rows) > self.sample:
                others = members[np.sort(rng.choice(len(rows), self.sample, replace=False))]
            distances[rows] = _mean_distances(members, others)
        return distances


def _mean_distances(X: ndarray, others: ndarray) -> Float64[ndarray, " n"]:
    from scipy.spatial.distance import cdist

    means = np.empty(len(X))
    step = max(_PAIRS_AT_ONCE // max(len(others), 1), 1)
    for start in range(0, len(X), step):
        means[start : start + step] = cdist(X[start : start + step], others).mean(axis=1)
    return means
