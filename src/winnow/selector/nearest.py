"""Keep the typical: the rows nearest to the centroid of their cluster.

Where data are scarce, easy examples teach more than hard ones [1]_, and the row nearest to a centroid is
the easiest of its kind. Expect it to win at small budgets (MNIST: up to 100 rows) with one cluster per
row kept; it loses the tails of every class, so from a few hundred rows on a random choice is better.

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
class Nearest(Selector):
    """Select the rows nearest to their centroid, evenly across clusters.

    With ``budget == clustering.k`` and no empty cluster, this is one prototype per cluster.

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
    >>> Nearest().select(X, np.zeros(5, int), clustering, budget=2, rng=rng).indices
    array([1, 3])
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
        rows = lowest_per_cluster(clustering.distances, clustering.labels, quotas)
        return Subset.of(rows, crowding(clustering.sizes))
