"""Measure the quality of a clustering: its inertia, and its agreement with labels that it did not use."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from threadpoolctl import threadpool_limits

from winnow.geometry.distance import nearest_centroid
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class ClusterQuality:
    """Measures of a clustering against the labels of its rows.

    Attributes
    ----------
    inertia
        Sum of the squared distances of the rows to their centroids.
    nmi
        Normalised mutual information of clusters and labels, 1 for full agreement.
    ari
        Adjusted Rand index of clusters and labels, 1 for full agreement, about 0 by chance.
    accuracy
        Percentage of the rows whose label is the most frequent one of their cluster.
    """

    inertia: float
    nmi: float
    ari: float
    accuracy: float

    @classmethod
    def of(cls, clustering: Clustering, y: Int64[ndarray, " n"]) -> "ClusterQuality":
        """Measure a clustering of rows with the labels `y`."""
        from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

        predicted = majority_labels(clustering, y)[clustering.labels]
        return cls(
            inertia=float((clustering.distances**2).sum()),
            nmi=float(normalized_mutual_info_score(y, clustering.labels)),
            ari=float(adjusted_rand_score(y, clustering.labels)),
            accuracy=100 * float(np.mean(predicted == y)),
        )


def fit_and_measure(
    clusterer: Clusterer, X: Float32[ndarray, "n d"], y: Int64[ndarray, " n"], seed: int
) -> tuple[Clustering, ClusterQuality, float]:
    """Return the clustering of `X`, its quality against the labels `y`, and the seconds it took."""
    started = perf_counter()
    clustering = clusterer.fit(X, seed=seed)
    seconds = perf_counter() - started
    return clustering, ClusterQuality.of(clustering, y), seconds


def majority_labels(clustering: Clustering, y: Int64[ndarray, " n"]) -> Int64[ndarray, " k"]:
    """Return the most frequent label of every cluster; of equally frequent ones the lowest, 0 if it is empty.

    >>> labels = np.array([0, 0, 0, 1])
    >>> clustering = Clustering(np.zeros((3, 1), np.float32), labels, np.zeros(4))
    >>> majority_labels(clustering, np.array([5, 5, 2, 7]))
    array([5, 7, 0])
    """
    counts = np.zeros((clustering.k, int(y.max()) + 1), dtype=np.int64)
    np.add.at(counts, (clustering.labels, y), 1)
    return counts.argmax(axis=1)


def assign_to_nearest(X: Float32[ndarray, "n d"], clustering: Clustering) -> Clustering:
    """Assign other rows than the clustered ones to the nearest centroids."""
    with threadpool_limits(1):
        return Clustering(clustering.centroids, *nearest_centroid(X, clustering.centroids))
