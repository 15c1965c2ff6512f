"""Take the same number from every cluster and cut the list at the budget, as earlier scripts did.

Here to reproduce their figures, not to be recommended. With fewer rows than clusters, the clusters of the
highest numbers get none; where a cluster is too small for its share, rows drawn at random from the others
fill the budget. `nearest`, `furthest` and `random` share the budget evenly instead.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.random import Generator, default_rng
from pydantic import Field

from winnow.pool import Pool
from winnow.selector._quota import check_budget, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class Truncated(Selector):
    """Select max(1, budget // k) rows of each cluster in the order of cluster numbers, up to the budget.

    The time grows with n log n, whatever the budget; the memory with n.

    Parameters
    ----------
    order : {"nearest", "furthest", "random"}
        Which rows of a cluster come first.
    fixed_seed : int or None
        Seed of every draw, the same in all repetitions; by default each repetition has its own.

    Examples
    --------
    >>> from winnow.types import Clustering
    >>> clustering = Clustering(
    ...     centroids=np.float32([[0], [5], [9]]),
    ...     labels=np.array([2, 2, 1, 0, 1]),
    ...     distances=np.array([0.5, 0.1, 0.3, 0.0, 0.2]),
    ... )
    >>> pool = Pool(5, clustering=clustering)
    >>> Truncated().select(pool, budget=2, rng=np.random.default_rng(0)).indices  # cluster 2 is cut off
    array([3, 4])
    """

    order: Literal["nearest", "furthest", "random"] = "nearest"
    fixed_seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None

    needs = frozenset({"clustering"})

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        clustering = pool.clustering
        rng = rng if self.fixed_seed is None else default_rng(self.fixed_seed)
        score = {
            "nearest": clustering.distances,
            "furthest": -clustering.distances,
            "random": rng.random(pool.n),
        }[self.order]
        quotas = np.minimum(clustering.sizes, max(1, budget // clustering.k))
        taken = lowest_per_cluster(score, clustering.labels, quotas)
        by_cluster = taken[np.lexsort((score[taken], clustering.labels[taken]))][:budget]
        rest = np.setdiff1d(np.arange(pool.n), by_cluster)
        made_up = rng.permutation(rest)[: budget - len(by_cluster)]
        return Subset.of(np.concatenate([by_cluster, made_up]), {"made_up_at_random": len(made_up)})
