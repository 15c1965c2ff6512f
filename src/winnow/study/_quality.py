"""Judge a clustering: how tight its clusters are, and how well they agree with labels it never saw."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from threadpoolctl import threadpool_limits

from winnow.geometry.distance import nearest_centroid
from winnow.types import Clustering


@dataclass(frozen=True)
class Quality:
    """Inertia, the sum of squared distances; agreement with labels, 1 where perfect; accuracy in percent."""

    inertia: float
    nmi: float
    ari: float
    accuracy: float

    @classmethod
    def of(cls, clustering: Clustering, y: Int64[ndarray, " n"]) -> "Quality":
        """Judge by the rows that were clustered and their labels."""
        from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

        predicted = majority_labels(clustering, y)[clustering.labels]
        return cls(
            inertia=float((clustering.distances**2).sum()),
            nmi=float(normalized_mutual_info_score(y, clustering.labels)),
            ari=float(adjusted_rand_score(y, clustering.labels)),
            accuracy=100 * float(np.mean(predicted == y)),
        )


def majority_labels(clustering: Clustering, y: Int64[ndarray, " n"]) -> Int64[ndarray, " k"]:
    """Return the commonest label of every cluster's rows; ties and empty clusters: the lower label.

    >>> labels = np.array([0, 0, 0, 1])
    >>> clustering = Clustering(np.zeros((3, 1), np.float32), labels, np.zeros(4))
    >>> majority_labels(clustering, np.array([5, 5, 2, 7]))
    array([5, 7, 0])
    """
    counts = np.zeros((clustering.k, int(y.max()) + 1), dtype=np.int64)
    np.add.at(counts, (clustering.labels, y), 1)
    return counts.argmax(axis=1)


def assigned(X: Float32[ndarray, "n d"], clustering: Clustering) -> Clustering:
    """Assign rows that were not clustered to the nearest of the centroids."""
    with threadpool_limits(1):
        return Clustering(clustering.centroids, *nearest_centroid(X, clustering.centroids))
