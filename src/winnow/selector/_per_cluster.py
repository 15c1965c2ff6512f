"""What selectors that rank the rows within each cluster share.

Such a selector is a score, by which the rows of a cluster are ranked, and quotas, which share the budget
among clusters. A new one defines `score`, and `quotas` where equal ones are not wanted.
"""

from abc import abstractmethod
from dataclasses import dataclass

from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.pool import Pool
from winnow.selector._quota import equal_quotas, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class PerCluster(Selector):
    """Select the rows with the lowest scores of each cluster, as many as the cluster's quota.

    The time grows with n, with n log n where a cluster gives several rows, and hardly with the budget; the
    memory with n.
    """

    needs = frozenset({"clustering"})

    @abstractmethod
    def score(self, pool: Pool, rng: Generator) -> Float64[ndarray, " n"]:
        """Return a score for every row; the lowest are kept."""

    def quotas(self, sizes: Int64[ndarray, " k"], budget: int) -> Int64[ndarray, " k"]:
        """Return how many rows to keep of each cluster, `budget` in all; by default as equal as possible."""
        return equal_quotas(sizes, budget)

    def notes(self, sizes: Int64[ndarray, " k"], quotas: Int64[ndarray, " k"]) -> dict[str, int]:
        """Return what the provenance shall say besides the number of clusters without a choice."""
        return {}

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        clustering = pool.clustering
        quotas = self.quotas(clustering.sizes, budget)
        rows = lowest_per_cluster(self.score(pool, rng), clustering.labels, quotas)
        return Subset.of(rows, clustering.crowding | self.notes(clustering.sizes, quotas))
