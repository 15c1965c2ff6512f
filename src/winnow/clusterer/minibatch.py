"""Cluster with scikit-learn's mini-batch k-means: each step sees only a few rows.

The choice for a first look or a data set too large for full passes. Inertia ends 2 to 5 % above
k-means++, more the larger k is, and a cluster may stay empty.

Reference: Sculley, "Web-scale k-means clustering", WWW 2010.
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
class MiniBatch(Clusterer):
    """Mini-batch k-means by scikit-learn, at most `epochs` passes over the rows.

    It stops earlier when `patience` batches in a row have not lowered the smoothed inertia. With a
    `fixed_seed` all repetitions share one clustering, as studies do that cluster once: their spread
    then says nothing about the clustering.

    >>> import numpy as np
    >>> MiniBatch(k=1).fit(np.float32([[3, 4]]), seed=0).centroids
    array([[3., 4.]], dtype=float32)
    """

    k: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)] = 1024
    epochs: Annotated[int, Field(ge=1)] = 100
    patience: Annotated[int, Field(ge=1)] = 10
    fixed_seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        from sklearn.cluster import MiniBatchKMeans

        kmeans = MiniBatchKMeans(
            self.k,
            batch_size=self.batch_size,
            max_iter=self.epochs,
            max_no_improvement=self.patience,
            n_init=1,
            random_state=seed if self.fixed_seed is None else self.fixed_seed,
        )
        return cluster(X, self.k, centroids_by(kmeans))
