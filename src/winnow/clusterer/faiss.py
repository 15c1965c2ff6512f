"""Cluster with faiss: k-means++ start, then plain Lloyd iterations over all rows.

On MNIST its inertia is within half a percent of scikit-learn's k-means++ (mean over seeds), at a third of
the time or less; `kmeans` takes less again, and is ahead where each cluster has few rows. It stops after a
fixed number of iterations, so where the last tenth of a percent of inertia matters more than time,
`sklearn`, which runs until the centroids stand still, is the better choice.

Left to its defaults faiss starts from random rows (inertia up to 10 % higher on well separated clusters)
and fits on 256 rows per centroid, silently. Of its starts, k-means++ is the one whose result does not
depend on the number of threads.

Reference: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
"""

from dataclasses import dataclass
from typing import Annotated

from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._contract import cluster
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class Faiss(Clusterer):
    """k-means by faiss on the CPU.

    With `k` equal to the number of rows, every row is its own centroid.

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

        return cluster(X, self.k, find_centroids)
