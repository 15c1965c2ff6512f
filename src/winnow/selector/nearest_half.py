"""Keep a random part of the inner half of every cluster: typical rows, but not only the most typical.

A compromise between `nearest`, which shows each cluster's centre only, and `random`, which takes outliers
too. Expect it between the two at every budget, and to pay where the outer half holds mislabelled or broken
rows; where that half holds the boundary between classes, it loses to `random` and `furthest`.

Reference: the trade-off between typical and spread-out rows in Sorscher et al., "Beyond neural scaling
laws: beating power law scaling via data pruning", NeurIPS 2022. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.selector._quota import covering_quotas, crowding, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class NearestHalf(Selector):
    """Select at random among the nearer half of each cluster, rounded up; quotas as `random` has by default.

    A quota that exceeds the half takes the rest from the other half, at random too (`topped_up`).

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
    >>> NearestHalf().select(X, np.zeros(5, int), clustering, budget=3, rng=rng).indices
    array([0, 1, 3])
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
        sizes = clustering.sizes
        quotas = covering_quotas(sizes, budget)
        halves = (sizes + 1) // 2
        nearer = lowest_per_cluster(clustering.distances, clustering.labels, halves)
        score = 1 + rng.random(len(X))
        score[nearer] -= 1
        rows = lowest_per_cluster(score, clustering.labels, quotas)
        topped_up = int(np.maximum(quotas - halves, 0).sum())
        return Subset.of(rows, crowding(sizes) | {"topped_up": topped_up})
