"""Cluster with scikit-learn: k-means++ initialisation, then Lloyd iterations until the centroids converge.

The reference for the other clusterers. It should win where the last tenth of a percent of inertia matters,
and lose on time (scripts/results/clusterer.md).

Reference: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
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
class Sklearn(Clusterer):
    """k-means by scikit-learn with one initialisation.

    Parameters
    ----------
    k
        Number of clusters.
    iterations
        Largest number of iterations.
    tolerance
        Relative movement of the centroids below which it stops (`tol` of scikit-learn).

    Examples
    --------
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
        return clustering_from_centroids(X, self.k, estimator_centroids(kmeans))
