"""Cluster in two levels, cells and then clusters within each, for very many clusters.

It should win on time over `kmeans` from some thousand clusters on: `kmeans` compares every row with every
cluster, for initial centroids and in the end. It should lose to `kmeans` on inertia
(scripts/results/clusterer.md), and where clusters are few. No cluster is empty where there are k distinct
rows. A row may belong to a cluster that is not its very nearest: it is compared with some 400 clusters in and
around its cell. The method and the papers behind it stand in `winnow.geometry.two_level_kmeans`.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._clustering import check_clusterable, one_thread, warn_of_too_few_distinct_rows
from winnow.geometry.two_level_kmeans import find_clusters
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class Hierarchical(Clusterer):
    """k-means in two levels over all rows, which may be a memory map.

    Parameters
    ----------
    k
        Number of clusters.
    passes
        Passes over all rows, each of which moves the centroids, after both levels.
    draws
        Candidate rows drawn for each initial centroid, of which the best are kept.

    Examples
    --------
    >>> import numpy as np
    >>> Hierarchical(k=2).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances
    array([1., 1., 1., 1.])
    """

    k: Annotated[int, Field(ge=1)]
    passes: Annotated[int, Field(ge=1)] = 12
    draws: Annotated[int, Field(ge=1)] = 4

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        check_clusterable(X, self.k)
        with one_thread():
            rng = np.random.default_rng(seed)
            clustering = Clustering(*find_clusters(X, self.k, rng, passes=self.passes, draws=self.draws))
        warn_of_too_few_distinct_rows(X, clustering)
        return clustering
