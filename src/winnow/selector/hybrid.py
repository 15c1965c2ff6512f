"""Keep both ends of every cluster: half the rows nearest to the centroid, half the rows furthest from it.

The near half shows what a cluster is, the far half where it ends: a compromise for budgets at which neither
`nearest` nor `furthest` is known to win. Expect a result between the two: it loses to `nearest` at small
budgets and to `furthest` at large ones, and rows at middling distances, which are the most, are left out.
With one row per cluster it is `nearest`: choose fewer clusters than rows to keep, such as k = budget / 2.

Both ends are those of Sorscher et al., "Beyond neural scaling laws: beating power law scaling via data
pruning", NeurIPS 2022. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from numpy.random import Generator

from winnow.pool import Pool
from winnow.selector._per_cluster import PerCluster
from winnow.selector._quota import ranks_per_cluster


@dataclass(frozen=True)
class Hybrid(PerCluster):
    """Select by turns the nearest and the furthest row of a cluster that are left; the nearest comes first.

    Examples
    --------
    >>> from winnow.types import Clustering
    >>> clustering = Clustering(
    ...     centroids=np.float32([[1], [9]]),
    ...     labels=np.array([0, 0, 0, 1, 1]),
    ...     distances=np.array([1.0, 0.0, 2.0, 0.0, 1.0]),
    ... )
    >>> pool = Pool(5, clustering=clustering)
    >>> Hybrid().select(pool, budget=4, rng=np.random.default_rng(0)).indices
    array([1, 2, 3, 4])
    """

    def score(self, pool: Pool, rng: Generator) -> Float64[ndarray, " n"]:
        labels, distances = pool.clustering.labels, pool.clustering.distances
        from_centroid = ranks_per_cluster(distances, labels)
        from_rim = ranks_per_cluster(-distances, labels)
        return np.minimum(2.0 * from_centroid, 2.0 * from_rim + 1)
