"""Keep typical rows: those nearest to the centroid of their cluster.

Where data are scarce, easy examples teach more than hard ones [1]_, and the row nearest to a centroid is
the easiest of its kind. Expect it to win at small budgets (MNIST: up to 100 rows) with one cluster for each
row kept. It leaves out the tails of every class, so from a few hundred rows on a random choice is better.

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
class Nearest(PerCluster):
    """Select the rows nearest to their centroid, evenly across clusters.

    With ``budget == clustering.k`` and no empty cluster, this is one prototype per cluster.

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
    >>> Nearest().select(pool, budget=2, rng=np.random.default_rng(0)).indices
    array([1, 3])
    """

    def score(self, pool: Pool, rng: Generator) -> Float64[ndarray, " n"]:
        return pool.clustering.distances
