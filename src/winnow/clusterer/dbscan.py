"""Cluster by density: rows connected through regions of high density form a cluster.

Clusters may have any shape, and their number is found. It should win in few dimensions with gaps between the
groups. It should lose in many dimensions, where all distances are about equal and nearly all rows end up in
one cluster: on MNIST it finds no classes.

Reference: Ester, Kriegel, Sander and Xu, "A density-based algorithm for discovering clusters in large
spatial databases with noise", KDD 1996; section 4.2 for the radius.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._clustering import cluster_means, clustering_from_labels
from winnow.errors import InvalidValue
from winnow.geometry.distance import nearest_centroid
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class DBSCAN(Clusterer):
    """DBSCAN by scikit-learn, which finds the number of clusters.

    Rows that DBSCAN leaves in no cluster, and those of clusters beyond the k largest, join the cluster of the
    nearest centroid. They lie far from it, so that `selector=nearest` seldom keeps them and `furthest` does.
    Memory grows with the number of pairs of rows within the radius. The method is deterministic: the seed of
    `fit` is not used.

    Parameters
    ----------
    k
        Largest number of clusters that are kept.
    neighbours
        Number of rows, the row itself included, that must lie within the radius of a row of high density
        (`min_samples` of scikit-learn).
    noise
        Share of the rows that are not of high density, from which the radius is computed where it is null.
    radius
        Largest distance between neighbours (`eps` of scikit-learn); null: computed from `noise`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.float32([[0], [1], [2], [20], [21], [22], [30]])
    >>> DBSCAN(k=5, neighbours=2, radius=1.5).fit(X, seed=0).labels
    array([0, 0, 0, 1, 1, 1, 1])
    """

    k: Annotated[int, Field(ge=1)]
    neighbours: Annotated[int, Field(ge=1)] = 5
    noise: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.1
    radius: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        from sklearn.cluster import DBSCAN as Scan  # noqa: N811

        def find_clusters(centred: ndarray) -> tuple[ndarray, ndarray]:
            radius = self.radius or self._radius_for_noise(centred)
            found = Scan(eps=radius, min_samples=self.neighbours).fit(centred).labels_
            labels = _largest_first(found.astype(np.int64))
            if labels.min() >= self.k or labels.max() < 0:
                raise InvalidValue(
                    f"radius must reach {self.neighbours} rows from some row, got {radius:g}",
                    remedy="raise clusterer.radius, or lower clusterer.neighbours",
                )
            k = min(self.k, int(labels.max()) + 1)
            return _assign_remaining(centred, np.where(labels < k, labels, -1), k)

        return clustering_from_labels(X, self.k, find_clusters)

    def _radius_for_noise(self, X: ndarray) -> float:
        from sklearn.neighbors import NearestNeighbors

        reached = min(self.neighbours, len(X))
        distances, _ = NearestNeighbors(n_neighbors=reached).fit(X).kneighbors(X)
        noise_rows = int(self.noise * len(X))
        radius = np.sort(distances[:, -1])[len(X) - 1 - noise_rows]
        # Slightly larger, so that rounding cannot exclude the row at exactly this distance; never zero.
        return float(max(radius * (1 + 1e-6), np.finfo(np.float32).tiny))


def _largest_first(labels: Int64[ndarray, " n"]) -> Int64[ndarray, " n"]:
    """Number the clusters by decreasing size, equal ones in their old order; -1, no cluster, stays.

    >>> _largest_first(np.array([0, 1, 1, -1])).tolist()
    [1, 0, 0, -1]
    """
    sizes = np.bincount(labels[labels >= 0])
    rank = np.empty(len(sizes) + 1, dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    rank[-1] = -1
    return rank[labels]


def _assign_remaining(X: ndarray, labels: Int64[ndarray, " n"], k: int) -> tuple[ndarray, ndarray]:
    """Return the centroids of the clusters as found, and labels in which remaining rows join the nearest."""
    inside = labels >= 0
    centroids = cluster_means(X[inside], labels[inside], np.empty((k, X.shape[1]), np.float32))
    nearest, _ = nearest_centroid(X, centroids)
    return centroids, np.where(inside, labels, nearest)
