"""Keep the typical: the rows in the densest part of their cluster (TypiClust).

Typicality is the inverse of the mean distance to the K nearest neighbours. It asks how crowded the place
of a row is rather than how central, so it also works where the centroid lies in a gap. Expect it to win
where labels are few, like `nearest`, and to lose beyond: on MNIST it is a point below random at 600 rows.
As published it takes one row per cluster, K = min(20, half the cluster), and leaves clusters of five rows
or fewer out; here these fill up the budget once the others are used up.

Reference: Hacohen, Dekel and Weinshall, "Active learning on a budget: opposite strategies suit high and
low budgets", ICML 2022, equation 4. https://arxiv.org/abs/2202.02794
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.geometry.neighbours import sparsity
from winnow.selector._quota import check_budget, crowding, equal_quotas, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Typicality(Selector):
    """Select the rows with the nearest neighbours, evenly across clusters of at least `smallest_cluster`.

    `topped_up` counts the rows that smaller clusters had to give.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.float32([[0], [3], [4], [9], [10]])
    >>> clustering = Clustering(
    ...     centroids=np.float32([[2], [9]]),
    ...     labels=np.array([0, 0, 0, 1, 1]),
    ...     distances=np.array([2.0, 1.0, 2.0, 0.0, 1.0]),
    ... )
    >>> rng = np.random.default_rng(0)
    >>> Typicality(smallest_cluster=3).select(X, np.zeros(5, int), clustering, budget=2, rng=rng).indices
    array([1, 2])
    """

    neighbours: Annotated[int, Field(ge=1)] = 20
    smallest_cluster: Annotated[int, Field(ge=1)] = 6

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        check_budget(budget, len(X))
        sizes = clustering.sizes
        trusted = np.where(sizes >= self.smallest_cluster, sizes, 0)
        quotas = equal_quotas(trusted, min(budget, int(trusted.sum())))
        topped_up = budget - int(quotas.sum())
        quotas = quotas + equal_quotas(sizes - quotas, topped_up)
        counts = np.clip(sizes // 2, 1, self.neighbours)
        rows = lowest_per_cluster(sparsity(X, clustering.members, counts), clustering.labels, quotas)
        return Subset.of(rows, crowding(sizes) | {"topped_up": topped_up})
