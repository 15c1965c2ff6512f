"""Keep rows in instalments, each with wishes of its own, that together are about one of each cluster."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.selector._quota import lowest_per_cluster, weighted_quotas
from winnow.types import Clustering


@dataclass(eq=False)
class Instalments:
    """Rows that are kept so far, and how more are.

    Parameters
    ----------
    clustering : Clustering
        Clusters of the n rows.
    quotas : int64 (k,)
        Rows that each cluster is to give in the end, as far as no rows weigh more than others.
    chance : float64 (n,)
        Random numbers in [0, 1): of rows that are equal otherwise, the lowest of a cluster is kept.
    lots : float64 (k,)
        Random numbers in [0, 1) that say which clusters give a typical row first, and which a hard one.
    rng : Generator
        Says which clusters are in which instalment.

    Examples
    --------
    >>> clustering = Clustering(np.float32([[1], [9]]), np.array([0, 0, 1, 1]), np.array([1, 0, 3, 4.0]))
    >>> chance, lots, rng = np.zeros(4), np.array([0.2, 0.7]), np.random.default_rng(0)
    >>> rows = Instalments(clustering, np.array([1, 1]), chance, lots, rng)
    >>> rows.raise_to(2, np.ones(4), typical=0.5, hard=0.5)
    >>> sorted(rows.kept.tolist())
    [1, 3]
    """

    clustering: Clustering
    quotas: Int64[ndarray, " k"]
    chance: Float64[ndarray, " n"]
    lots: Float64[ndarray, " k"]
    rng: Generator
    kept: Int64[ndarray, " m"] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    latest: Int64[ndarray, " m"] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def raise_to(
        self, total: int, weights: Float64[ndarray, " n"], *, typical: float = 0.0, hard: float = 0.0
    ) -> None:
        """Keep rows until there are `total`.

        A cluster gives the more rows the more its own weigh, and of these a random one with a probability in
        proportion to its weight [1]_. A share `typical` of the clusters gives the nearest row, a share `hard`
        the furthest; clusters that give several rows give them at random.

        .. [1] Efraimidis and Spirakis, "Weighted random sampling with a reservoir", Information Processing
           Letters, 2006. https://doi.org/10.1016/j.ipl.2005.11.003
        """
        clusters, distances = self.clustering, self.clustering.distances
        quotas = self._shared(weights)
        score = -np.log1p(-self.chance) / weights
        single, lots = (quotas == 1)[clusters.labels], self.lots[clusters.labels]
        score = np.where(single & (lots < typical), distances, score)
        score = np.where(single & (lots >= 1 - hard), -distances, score)
        score[self.kept] = -np.inf
        new = np.setdiff1d(lowest_per_cluster(score, clusters.labels, quotas), self.kept)
        self.latest = self.rng.permutation(new)[: total - len(self.kept)]
        self.kept = np.concatenate([self.kept, self.latest])

    @property
    def several(self) -> float:
        """Share of the kept rows that are not alone in their cluster: those are kept at random."""
        labels = self.clustering.labels[self.kept]
        alone = np.bincount(labels, minlength=self.clustering.k)[labels] == 1
        return float(1 - alone.mean()) if len(labels) else 0.0

    def _shared(self, weights: Float64[ndarray, " n"]) -> Int64[ndarray, " k"]:
        """Share all rows among clusters by the weights of theirs; none gives fewer than it gave already."""
        labels, sizes = self.clustering.labels, self.clustering.sizes
        mean = np.bincount(labels, weights, len(sizes)) / np.maximum(sizes, 1)
        shared = weighted_quotas(sizes, self.quotas * mean, int(self.quotas.sum()))
        return np.maximum(shared, np.bincount(labels[self.kept], minlength=len(sizes)))
