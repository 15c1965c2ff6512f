"""Cluster with winnow's own fast k-means, the default.

It should win over `sklearn` and `faiss` on time at about the same inertia, and on inertia where clusters
have few rows each (scripts/results/clusterer.md). It stops after a fixed number of passes: it should lose
to `sklearn` where centroids must be the exact means of their rows. The method and the papers behind it
stand in `winnow.geometry.fast_kmeans`.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._clustering import clustering_from_centroids
from winnow.geometry.fast_kmeans import find_centroids
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class Kmeans(Clusterer):
    """k-means over all rows, which may be a memory map.

    Parameters
    ----------
    k
        Number of clusters.
    passes
        Passes over all rows, each of which moves the centroids.
    draws
        Candidate rows drawn for each initial centroid, of which the best are kept.

    Examples
    --------
    >>> import numpy as np
    >>> Kmeans(k=2).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances
    array([1., 1., 1., 1.])
    """

    k: Annotated[int, Field(ge=1)]
    passes: Annotated[int, Field(ge=1)] = 12
    draws: Annotated[int, Field(ge=1)] = 4

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        def centroids_of(X: ndarray) -> ndarray:
            rng = np.random.default_rng(seed)
            return find_centroids(X, self.k, rng, passes=self.passes, draws=self.draws)

        return clustering_from_centroids(X, self.k, centroids_of, centre=False)
