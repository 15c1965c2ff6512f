"""Cluster by the textbook k-means algorithm, written to be read.

Start from k random rows; assign every row to its nearest centroid; move every centroid to the mean of its
rows; repeat until the centroids no longer change. No step raises the inertia, the sum of squared distances,
so that the result is a local minimum. It should lose to `sklearn` and `faiss`: random initial centroids may
lie in one group, which k-means++ avoids, and the matrix of all n x k distances must fit into memory. The
fast k-means is `winnow.geometry.fast_kmeans`.

Reference: Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory, 1982,
section IV (written in 1957). https://doi.org/10.1109/TIT.1982.1056489
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.clusterer._clustering import clustering_from_centroids
from winnow.stages import Clusterer
from winnow.types import Clustering

Rows = Float[ndarray, "n d"]
Centroids = Float[ndarray, "k d"]


@dataclass(frozen=True)
class Lloyd(Clusterer):
    """k-means from random rows until the centroids no longer change.

    A cluster without rows keeps its centroid.

    Parameters
    ----------
    k
        Number of clusters.
    iterations
        Largest number of iterations.

    Examples
    --------
    >>> import numpy as np
    >>> Lloyd(k=2).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances
    array([1., 1., 1., 1.])
    """

    k: Annotated[int, Field(ge=1)]
    iterations: Annotated[int, Field(ge=1)] = 300

    def fit(self, X: Rows, *, seed: int) -> Clustering:
        def find_centroids(centred: ndarray) -> ndarray:
            initial = random_centroids(centred, self.k, np.random.default_rng(seed))
            *_, last = islice(iterate_centroids(centred, initial), self.iterations + 1)
            return last

        return clustering_from_centroids(X, self.k, find_centroids)


def iterate_centroids(X: Rows, centroids: Centroids) -> Iterator[Centroids]:
    """Yield the initial centroids, then those after each iteration, until an iteration changes nothing."""
    yield centroids
    while True:
        labels = assign(squared_distances(X, centroids))
        moved = update(X, labels, centroids)
        if np.array_equal(moved, centroids):
            return
        centroids = moved
        yield centroids


def random_centroids(X: Rows, k: int, rng: Generator) -> Centroids:
    """Draw k different rows of X as the first centroids."""
    return X[rng.choice(len(X), size=k, replace=False)]


def squared_distances(X: Rows, centroids: Centroids) -> Float[ndarray, "n k"]:
    """Return the squared distance of every row to every centroid.

    Computed as |x|^2 - 2 xc + |c|^2, by one matrix product instead of n x k x d differences.

    >>> squared_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [3.0, 0.0]]))
    array([[ 0.,  9.],
           [25., 16.]])
    """
    squares, centroid_squares = (X**2).sum(axis=1), (centroids**2).sum(axis=1)
    return squares[:, None] - 2 * X @ centroids.T + centroid_squares


def assign(distances: Float[ndarray, "n k"]) -> Int64[ndarray, " n"]:
    """Return the label of every row's nearest centroid; of equal distances, the lower label.

    >>> assign(np.array([[0.0, 9.0], [25.0, 16.0], [4.0, 4.0]]))
    array([0, 1, 0])
    """
    return distances.argmin(axis=1)


def update(X: Rows, labels: Int64[ndarray, " n"], centroids: Centroids) -> Centroids:
    """Return the mean of every cluster's rows; an empty cluster keeps its centroid.

    >>> X = np.array([[0.0], [2.0], [7.0]])
    >>> update(X, labels=np.array([0, 0, 2]), centroids=np.array([[0.0], [5.0], [9.0]]))
    array([[1.],
           [5.],
           [7.]])
    """
    members = (labels == np.arange(len(centroids))[:, None]).astype(X.dtype)
    sizes = members.sum(axis=1, keepdims=True)
    return np.where(sizes > 0, members @ X / np.maximum(sizes, 1), centroids)
