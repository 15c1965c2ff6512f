"""Learn how k-means works: the algorithm in its textbook steps, and nothing else.

Start from k random rows; assign every row to its nearest centroid; move every centroid to the mean of its
rows; repeat until the centroids no longer change. No step can raise the inertia, the sum of squared
distances, so the end is a minimum, though seldom the lowest one. It should lose to `sklearn` and `faiss`:
a random start may put two centroids into one group, which k-means++ avoids, and the table of all n x k
distances must fit into memory.

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

from winnow.clusterer._contract import cluster
from winnow.stages import Clusterer
from winnow.types import Clustering

Rows = Float[ndarray, "n d"]
Centroids = Float[ndarray, "k d"]


@dataclass(frozen=True)
class Lloyd(Clusterer):
    """k-means from random rows, until the centroids stand still, at most `iterations` times.

    A cluster that loses all its rows keeps its centroid where it was.

    >>> import numpy as np
    >>> Lloyd(k=2).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances
    array([1., 1., 1., 1.])
    """

    k: Annotated[int, Field(ge=1)]
    iterations: Annotated[int, Field(ge=1)] = 300

    def fit(self, X: Rows, *, seed: int) -> Clustering:
        def find_centroids(centred: ndarray) -> ndarray:
            initial = random_centroids(centred, self.k, np.random.default_rng(seed))
            *_, last = islice(centroids_until_still(centred, initial), self.iterations + 1)
            return last

        return cluster(X, self.k, find_centroids)


def centroids_until_still(X: Rows, centroids: Centroids) -> Iterator[Centroids]:
    """Yield the initial centroids, then those after each round, until a round changes nothing."""
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

    |x - c|^2 = |x|^2 - 2 xc + |c|^2: one matrix product in place of n x k x d differences.

    >>> squared_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [3.0, 0.0]]))
    array([[ 0.,  9.],
           [25., 16.]])
    """
    squares, centroid_squares = (X**2).sum(axis=1), (centroids**2).sum(axis=1)
    return squares[:, None] - 2 * X @ centroids.T + centroid_squares


def assign(distances: Float[ndarray, "n k"]) -> Int64[ndarray, " n"]:
    """Return the number of every row's nearest centroid; ties go to the lower number.

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
