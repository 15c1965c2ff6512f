"""Take the same number from every cluster and cut the list at the budget, as earlier scripts did.

Here to reproduce their figures, not to be recommended. With fewer rows than clusters, the clusters that
happen to have the highest numbers are never heard; a cluster too small for its share is made up for by
rows drawn at random. `nearest`, `furthest` and `random` share the budget evenly instead.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator, default_rng
from pydantic import Field

from winnow.selector._quota import check_budget, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Truncated(Selector):
    """Select max(1, budget // k) rows of each cluster in the order of cluster numbers, up to the budget.

    With a `fixed_seed`, all repetitions draw the same rows from equal clusters.

    Examples
    --------
    >>> clustering = Clustering(
    ...     centroids=np.float32([[0], [5], [9]]),
    ...     labels=np.array([2, 2, 1, 0, 1]),
    ...     distances=np.array([0.5, 0.1, 0.3, 0.0, 0.2]),
    ... )
    >>> rng = np.random.default_rng(0)
    >>> X, y = np.zeros((5, 1), np.float32), np.full(5, -1)
    >>> Truncated().select(X, y, clustering, budget=2, rng=rng).indices  # cluster 2 is cut off
    array([3, 4])
    """

    order: Literal["nearest", "furthest", "random"] = "nearest"
    fixed_seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        n = len(clustering.labels)
        check_budget(budget, n)
        rng = rng if self.fixed_seed is None else default_rng(self.fixed_seed)
        score = {
            "nearest": clustering.distances,
            "furthest": -clustering.distances,
            "random": rng.random(n),
        }[self.order]
        quotas = np.minimum(clustering.sizes, max(1, budget // clustering.k))
        taken = lowest_per_cluster(score, clustering.labels, quotas)
        by_cluster = taken[np.lexsort((score[taken], clustering.labels[taken]))][:budget]
        rest = np.setdiff1d(np.arange(n), by_cluster)
        made_up = rng.permutation(rest)[: budget - len(by_cluster)]
        return Subset.of(np.concatenate([by_cluster, made_up]), {"made_up_at_random": len(made_up)})
