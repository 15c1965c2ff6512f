"""Cluster with faiss: k-means++ initialisation, then a fixed number of Lloyd iterations over all rows.

It should win over `sklearn` on time at about the same inertia (scripts/results/clusterer.md). It should
lose to `kmeans` on time, and on inertia where clusters have few rows each; and to `sklearn`, which iterates
until the centroids converge, where the last tenth of a percent of inertia matters.

By default faiss starts from random rows and fits on a sample of 256 rows per centroid, without a warning;
both defaults are replaced here. Of its initialisations, k-means++ is the one whose result does not depend
on the number of threads.

Reference: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
"""

from dataclasses import dataclass
from typing import Annotated

from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._clustering import clustering_from_centroids
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class Faiss(Clusterer):
    """k-means by faiss on the CPU.

    Parameters
    ----------
    k
        Number of clusters.
    iterations
        Number of Lloyd iterations.

    Examples
    --------
    >>> import numpy as np
    >>> Faiss(k=2).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances
    array([1., 1., 1., 1.])
    """

    k: Annotated[int, Field(ge=1)]
    iterations: Annotated[int, Field(ge=1)] = 25

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        import faiss

        def find_centroids(centred: ndarray) -> ndarray:
            kmeans = faiss.Kmeans(
                centred.shape[1],
                self.k,
                niter=self.iterations,
                seed=seed,
                init_method=faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS,
                min_points_per_centroid=1,
                max_points_per_centroid=len(centred),
            )
            kmeans.train(centred)
            return kmeans.centroids

        return clustering_from_centroids(X, self.k, find_centroids)
