"""Keep typical rows: those in the densest part of their cluster (TypiClust).

Typicality is the inverse of the mean distance to the K nearest neighbours. It measures how dense the data
are around a row and not how central it is, so it also works where the centroid lies in a gap. Expect it to
win where labels are few, like `nearest`, and to lose beyond: on MNIST it is a point below random at 600
rows. As published it takes one row per cluster, K = min(20, half the cluster), and leaves clusters of five
rows or fewer out; here these fill up the budget once the others are used up.

Reference: Hacohen, Dekel and Weinshall, "Active learning on a budget: opposite strategies suit high and
low budgets", ICML 2022, equation 4. https://arxiv.org/abs/2202.02794
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.geometry.neighbours import sparsity
from winnow.pool import Pool, Scale
from winnow.selector._cost import warn_of_pairs_in_clusters
from winnow.selector._per_cluster import PerCluster
from winnow.selector._quota import check_budget, equal_quotas
from winnow.selector._rows_by_group import rows_by_group


@dataclass(frozen=True)
class Typicality(PerCluster):
    """Select the rows with the nearest neighbours, evenly across all but small clusters.

    `topped_up` in the provenance counts the rows that are kept of small clusters. The time grows with n times
    the size of a cluster, whatever the budget; the memory with n.

    Parameters
    ----------
    neighbours : int
        Nearest neighbours within the cluster that count, at most half the cluster's rows.
    smallest_cluster : int
        Rows that a cluster must hold to take part. Smaller ones give rows only once all others are kept.

    Examples
    --------
    >>> from winnow.types import Clustering
    >>> X = np.float32([[0], [3], [4], [9], [10]])
    >>> clustering = Clustering(
    ...     centroids=np.float32([[2], [9]]),
    ...     labels=np.array([0, 0, 0, 1, 1]),
    ...     distances=np.array([2.0, 1.0, 2.0, 0.0, 1.0]),
    ... )
    >>> pool = Pool(5, X=X, clustering=clustering)
    >>> Typicality(smallest_cluster=3).select(pool, budget=2, rng=np.random.default_rng(0)).indices
    array([1, 2])
    """

    neighbours: Annotated[int, Field(ge=1)] = 20
    smallest_cluster: Annotated[int, Field(ge=1)] = 6

    needs = frozenset({"X", "clustering"})

    def warn_of_cost(self, scale: Scale) -> None:
        warn_of_pairs_in_clusters(scale, "selector=nearest")

    def score(self, pool: Pool, rng: Generator) -> Float64[ndarray, " n"]:
        counts = np.clip(pool.clustering.sizes // 2, 1, self.neighbours)
        return sparsity(pool.n, rows_by_group(pool.X, pool.clustering.members), counts)

    def quotas(self, sizes: Int64[ndarray, " k"], budget: int) -> Int64[ndarray, " k"]:
        check_budget(budget, int(sizes.sum()))
        large = np.where(sizes >= self.smallest_cluster, sizes, 0)
        quotas = equal_quotas(large, min(budget, int(large.sum())))
        return quotas + equal_quotas(sizes - quotas, budget - int(quotas.sum()))

    def notes(self, sizes: Int64[ndarray, " k"], quotas: Int64[ndarray, " k"]) -> dict[str, int]:
        return {"topped_up": int(quotas[sizes < self.smallest_cluster].sum())}
