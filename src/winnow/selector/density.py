"""Drop dense regions: whole clusters, the densest first, until only the budget is left.

The idea is that rows that lie close together resemble each other, so that a few could represent many.
Expect it to lose to a uniform subset almost everywhere: a dense cluster is often one class, and dropping
it whole drops what the model was to learn. On MNIST with 20 clusters, 600 images drawn from what is left by
dropping the denser half reach 74 % against 96 (n=5), one digit nearly gone; on a table of six classes half
of the rows lose 6 points (n=20). Dropping the sparsest instead removes outliers, and the rare with them. It
is here because it is often proposed; the second stage, which leaves part of the dropping to chance, softens
the harm.

Density is that of k-nearest-neighbour estimation: Loftsgaarden and Quesenberry, "A nonparametric estimate
of a multivariate density function", Annals of Mathematical Statistics, 1965.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.geometry.neighbours import sparsity
from winnow.pool import Pool, Scale
from winnow.selector._cost import warn_of_pairs_in_clusters
from winnow.selector._quota import check_budget
from winnow.selector._rows_by_group import rows_by_group
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Density(Selector):
    """Drop whole clusters in the order of their density; of the last one, only as many rows as needed.

    A cluster is the denser the smaller the mean distance from its rows to their nearest rows of the same
    cluster: the mean over the edges of its nearest-neighbour graph. Duplicates lie at distance 0 and are the
    densest of all; a row alone in its cluster is the sparsest. The time grows with n times the size of a
    cluster, whatever the budget; the memory with n.

    Parameters
    ----------
    neighbours : int
        Nearest rows of the same cluster over which the mean distance is taken.
    drop : {"densest", "sparsest"}
        Which clusters are dropped first.
    stage_one : float
        Fraction of the rows to be dropped that is dropped by density; the others are dropped at random from
        what is left.

    Examples
    --------
    >>> X = np.float32([[0], [1], [2], [10], [13], [16]])
    >>> clustering = Clustering(
    ...     centroids=np.float32([[1], [13]]),
    ...     labels=np.array([0, 0, 0, 1, 1, 1]),
    ...     distances=np.array([1.0, 0.0, 1.0, 3.0, 0.0, 3.0]),
    ... )
    >>> pool = Pool(6, X=X, clustering=clustering)
    >>> Density(neighbours=1).select(pool, budget=3, rng=np.random.default_rng(0)).indices
    array([3, 4, 5])
    """

    neighbours: Annotated[int, Field(ge=1)] = 10
    drop: Literal["densest", "sparsest"] = "densest"
    stage_one: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0

    needs = frozenset({"X", "clustering"})

    def warn_of_cost(self, scale: Scale) -> None:
        warn_of_pairs_in_clusters(scale, "selector=nearest")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        left = self._left_by_stage_one(pool.X, pool.clustering, budget)
        return Subset.of(rng.choice(left, size=budget, replace=False), pool.clustering.crowding)

    def _left_by_stage_one(self, X: ndarray, clustering: Clustering, budget: int) -> Int64[ndarray, " m"]:
        """Return the rows that are not dropped by density."""
        counts = np.minimum(self.neighbours, clustering.sizes - 1)
        sparseness = sparsity(len(X), rows_by_group(X, clustering.members), counts)
        sparseness[clustering.sizes[clustering.labels] == 1] = np.inf
        totals = np.bincount(clustering.labels, weights=sparseness, minlength=clustering.k)
        of_cluster = totals / np.maximum(clustering.sizes, 1)
        if self.drop == "sparsest":
            sparseness, of_cluster = -sparseness, -of_cluster
        # Whole clusters in order of density, and in the one that is cut through, the rows in the same order.
        order = np.lexsort((sparseness, clustering.labels, of_cluster[clustering.labels]))
        dropped = round(self.stage_one * (len(X) - budget))
        return np.sort(order[dropped:])
