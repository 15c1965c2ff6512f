"""Cluster with scikit-learn: k-means++ start, then Lloyd until the centroids stand still.

The reference the other clusterers are measured against: it converges instead of stopping early. It loses
on time: three to five times that of `faiss` at k = 600.

Reference: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
"""

from dataclasses import dataclass
from typing import Annotated

from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._contract import centroids_by, cluster
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class Sklearn(Clusterer):
    """k-means by scikit-learn, one start, at most `iterations` passes over the rows.

    >>> import numpy as np
    >>> Sklearn(k=2).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances
    array([1., 1., 1., 1.])
    """

    k: Annotated[int, Field(ge=1)]
    iterations: Annotated[int, Field(ge=1)] = 300
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-4

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        from sklearn.cluster import KMeans

        kmeans = KMeans(self.k, n_init=1, max_iter=self.iterations, tol=self.tolerance, random_state=seed)

        return cluster(X, self.k, centroids_by(kmeans))
