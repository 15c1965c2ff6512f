"""Keep the medoids: the rows with the least mean distance to the other rows of their cluster.

A centroid is an average that no row may resemble; a medoid is the member that stands best for all the
others, and far-off members pull it less. Expect it close to `nearest` (on MNIST within a tenth of a point
at 600 rows), better where clusters are skewed, and with the same weakness: tails are lost at large budgets.

Reference: Kaufman and Rousseeuw, "Clustering by means of medoids", 1987. Only the choice of the medoid is
theirs; the clusters are given.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.selector._quota import crowding, equal_quotas, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Clustering, Subset

_PAIRS_AT_ONCE = 2**20


@dataclass(frozen=True)
class KMedoids(Selector):
    """Select the most central rows by mean distance to their cluster, evenly across clusters.

    Exact for clusters of up to `sample` rows; a larger one is represented by that many of its rows, drawn
    at random, so that the cost grows with the number of rows and not with its square.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.float32([[0], [1], [8], [20], [21]])
    >>> clustering = Clustering(
    ...     centroids=np.float32([[3], [20]]),
    ...     labels=np.array([0, 0, 0, 1, 1]),
    ...     distances=np.array([3.0, 2.0, 5.0, 0.0, 1.0]),
    ... )
    >>> rng = np.random.default_rng(0)
    >>> KMedoids().select(X, np.zeros(5, int), clustering, budget=2, rng=rng).indices
    array([1, 3])
    """

    sample: Annotated[int, Field(ge=1)] = 2000

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        quotas = equal_quotas(clustering.sizes, budget)
        eccentricity = np.zeros(len(X))
        for rows in clustering.members:
            if len(rows) > self.sample:
                others = np.sort(rng.choice(rows, self.sample, replace=False))
            else:
                others = rows
            eccentricity[rows] = _mean_distances(X[rows], X[others])
        kept = lowest_per_cluster(eccentricity, clustering.labels, quotas)
        return Subset.of(kept, crowding(clustering.sizes))


def _mean_distances(X: ndarray, others: ndarray) -> Float64[ndarray, " n"]:
    from scipy.spatial.distance import cdist

    means = np.empty(len(X))
    step = max(_PAIRS_AT_ONCE // max(len(others), 1), 1)
    for start in range(0, len(X), step):
        means[start : start + step] = cdist(X[start : start + step], others).mean(axis=1)
    return means
