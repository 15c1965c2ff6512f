"""Keep a random part of the inner half of every cluster: typical rows, but not only the most typical.

A compromise between `nearest`, which keeps each cluster's centre only, and `random`, which keeps outliers
too. Expect a result between the two at every budget, and a gain where the outer half holds mislabelled or
broken rows. Where that half holds the boundary between classes, it loses to `random` and `furthest`.

Reference: the trade-off between typical and spread-out rows in Sorscher et al., "Beyond neural scaling
laws: beating power law scaling via data pruning", NeurIPS 2022. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.pool import Pool
from winnow.selector._per_cluster import PerCluster
from winnow.selector._quota import covering_quotas, lowest_per_cluster


@dataclass(frozen=True)
class NearestHalf(PerCluster):
    """Select at random among the nearer half of each cluster, rounded up; quotas as `random` has by default.

    A quota that exceeds the half takes the rest from the other half, at random too (`topped_up`).

    Examples
    --------
    >>> from winnow.types import Clustering
    >>> clustering = Clustering(
    ...     centroids=np.float32([[1], [9]]),
    ...     labels=np.array([0, 0, 0, 1, 1]),
    ...     distances=np.array([1.0, 0.0, 2.0, 0.0, 1.0]),
    ... )
    >>> pool = Pool(5, clustering=clustering)
    >>> NearestHalf().select(pool, budget=3, rng=np.random.default_rng(0)).indices
    array([0, 1, 3])
    """

    def score(self, pool: Pool, rng: Generator) -> Float64[ndarray, " n"]:
        clustering = pool.clustering
        nearer = lowest_per_cluster(clustering.distances, clustering.labels, _halves(clustering.sizes))
        score = 1 + rng.random(pool.n)
        score[nearer] -= 1
        return score

    def quotas(self, sizes: Int64[ndarray, " k"], budget: int) -> Int64[ndarray, " k"]:
        return covering_quotas(sizes, budget)

    def notes(self, sizes: Int64[ndarray, " k"], quotas: Int64[ndarray, " k"]) -> dict[str, int]:
        return {"topped_up": int(np.maximum(quotas - _halves(sizes), 0).sum())}


def _halves(sizes: Int64[ndarray, " k"]) -> Int64[ndarray, " k"]:
    return (sizes + 1) // 2
