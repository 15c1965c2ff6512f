"""Keep both ends: half the rows nearest to the centroid, half the rows furthest from it.

The near half shows what a cluster is, the far half where it ends; a hedge for budgets at which neither
`nearest` nor `furthest` is known to win. Expect it between the two: it loses to `nearest` at small budgets
and to `furthest` at large ones, and the middle of every cluster, where most rows are, stays unseen.
With one row per cluster it is `nearest`: give it fewer clusters than rows to keep, such as k = budget / 2.

Both ends are those of Sorscher et al., "Beyond neural scaling laws: beating power law scaling via data
pruning", NeurIPS 2022. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.selector._quota import crowding, equal_quotas, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Hybrid(Selector):
    """Select the nearest and the furthest half of every cluster's quota; an odd row goes to the nearest.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.float32([[0], [1], [3], [9], [10]])
    >>> clustering = Clustering(
    ...     centroids=np.float32([[1], [9]]),
    ...     labels=np.array([0, 0, 0, 1, 1]),
    ...     distances=np.array([1.0, 0.0, 2.0, 0.0, 1.0]),
    ... )
    >>> rng = np.random.default_rng(0)
    >>> Hybrid().select(X, np.zeros(5, int), clustering, budget=4, rng=rng).indices
    array([1, 2, 3, 4])
    """

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
        nearest = lowest_per_cluster(clustering.distances, clustering.labels, quotas - quotas // 2)
        # Among equal distances both ends would name the same rows, so the furthest choose from the others.
        others = np.delete(np.arange(len(X)), nearest)
        furthest = others[
            lowest_per_cluster(-clustering.distances[others], clustering.labels[others], quotas // 2)
        ]
        return Subset.of(np.concatenate([nearest, furthest]), crowding(clustering.sizes))
