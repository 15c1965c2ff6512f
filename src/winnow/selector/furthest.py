"""Keep hard rows: those furthest from the centroid of their cluster.

Where data are plenty, the typical is known already and the boundary is not, so hard examples teach more
[1]_. Expect it to win at large budgets (MNIST: from 1,200 rows on) and to lose badly at small ones, where
it keeps little but outliers. It prefers mislabelled and noisy rows.

.. [1] Sorscher et al., "Beyond neural scaling laws: beating power law scaling via data pruning",
   NeurIPS 2022. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass

from jaxtyping import Float64
from numpy import ndarray
from numpy.random import Generator

from winnow.pool import Pool
from winnow.selector._per_cluster import PerCluster


@dataclass(frozen=True)
class Furthest(PerCluster):
    """Select the rows furthest from their centroid, evenly across clusters.

    In a cluster of one, the furthest row is also the nearest.

    Examples
    --------
    >>> import numpy as np
    >>> from winnow.types import Clustering
    >>> clustering = Clustering(
    ...     centroids=np.float32([[1], [9]]),
    ...     labels=np.array([0, 0, 0, 1, 1]),
    ...     distances=np.array([1.0, 0.0, 2.0, 0.0, 1.0]),
    ... )
    >>> pool = Pool(5, clustering=clustering)
    >>> Furthest().select(pool, budget=2, rng=np.random.default_rng(0)).indices
    array([2, 4])
    """

    def score(self, pool: Pool, rng: Generator) -> Float64[ndarray, " n"]:
        return -pool.clustering.distances
