"""Cluster with winnow's own k-means: well chosen seeds, a dozen long steps, one thread.

The default. On MNIST its inertia is within half a percent of scikit-learn's k-means++, in a tenth of the
time, with 10,000 clusters in a thirtieth; where rows are few for each cluster, its seeds leave plain
k-means++ behind by several percent. It stops early by design: `sklearn` is the better choice where
centroids must be the exact means of their rows. See `winnow.geometry.kmeans` for how, and for the papers
behind it.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._contract import cluster
from winnow.geometry.kmeans import find_centroids
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class Kmeans(Clusterer):
    """k-means over all rows, which may be a memory map; `draws` candidates compete to be each seed.

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

        return cluster(X, self.k, centroids_of, centre=False)
