"""Cluster with scikit-learn's mini-batch k-means: each step uses a small random batch of the rows.

It should win on time where a data set is too large for full passes. It should lose on inertia, which ends 2
to 5 % above that of k-means, more the larger k is; and a cluster may stay empty.

Reference: Sculley, "Web-scale k-means clustering", WWW 2010.
"""

from dataclasses import dataclass
from typing import Annotated

from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._clustering import clustering_from_centroids, estimator_centroids
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class MiniBatch(Clusterer):
    """Mini-batch k-means by scikit-learn.

    Parameters
    ----------
    k
        Number of clusters.
    batch_size
        Rows in one batch.
    epochs
        Largest number of passes over the rows.
    patience
        Number of successive batches without a lower smoothed inertia after which it stops.
    fixed_seed
        Seed used for every repetition, so that all share one clustering, as in studies that cluster once;
        the spread over repetitions then does not include that of the clustering. Null: a seed for each
        repetition.

    Examples
    --------
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
        return clustering_from_centroids(X, self.k, estimator_centroids(kmeans))
