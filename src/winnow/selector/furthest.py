"""Keep the hard: the rows furthest from the centroid of their cluster.

Where data are plenty the typical is known already and the boundary is not, so hard examples teach more
[1]_. Expect it to win at large budgets (MNIST: from 1,200 rows on) and to be disastrous at small ones,
where it keeps little but outliers; mislabelled rows and noise are what it likes best.

.. [1] Sorscher et al., "Beyond neural scaling laws: beating power law scaling via data pruning",
   NeurIPS 2022. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass

from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.selector._quota import crowding, equal_quotas, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Furthest(Selector):
    """Select the rows furthest from their centroid, evenly across clusters.

    In a cluster of one, the furthest row is also the nearest.

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
    >>> Furthest().select(X, np.zeros(5, int), clustering, budget=2, rng=rng).indices
    array([2, 4])
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
        rows = lowest_per_cluster(-clustering.distances, clustering.labels, quotas)
        return Subset.of(rows, crowding(clustering.sizes))
