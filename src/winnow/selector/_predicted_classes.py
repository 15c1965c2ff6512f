"""Take every row to be of the class of the nearest row whose label was read, to find rows of rare classes.

.. [1] Laplace, "Essai philosophique sur les probabilités", 1814: the rule of succession.
"""

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from winnow.geometry.distance import nearest_centroid


class PredictedClasses:
    """Classes of n rows as far as they are known, from labels that are read little by little.

    Parameters
    ----------
    X : float32 (n, d)
        Embedded rows.

    Examples
    --------
    >>> predicted = PredictedClasses(np.float32([[0], [1], [2], [9]]))
    >>> predicted.learn(np.array([1, 3]), np.array([5, 7]))
    >>> predicted.shares, predicted.weights
    (array([0.75, 0.25]), array([0.85714286, 0.85714286, 0.85714286, 1.42857143]))
    """

    def __init__(self, X: Float32[ndarray, "n d"]) -> None:
        self._X, self.known = X, 0
        self._distances, self._classes = np.full(len(X), np.inf), np.zeros(len(X), dtype=np.int64)

    def learn(self, rows: Int64[ndarray, " m"], y: Int64[ndarray, " m"]) -> None:
        """Learn the labels `y` of m more rows."""
        if len(rows) == 0:
            return
        nearest, distances = nearest_centroid(self._X, self._X[rows])
        nearer = distances < self._distances
        self._distances[nearer], self._classes[nearer] = distances[nearer], y[nearest[nearer]]
        self.known += len(rows)

    @property
    def shares(self) -> Float64[ndarray, " classes"]:
        """Part of the rows that each class is taken to have, in the order of the labels."""
        return np.unique(self._classes, return_counts=True)[1] / max(len(self._X), 1)

    @property
    def weights(self) -> Float64[ndarray, " n"]:
        """How much more often than others a row should be kept for all classes to be equally frequent.

        The weights have the mean 1. A share is told by as many rows as have labels, one of each class
        added [1]_: of few labels, none makes a class rare.
        """
        classes = np.unique(self._classes, return_inverse=True)[1].reshape(-1)
        weights = (1 / (self.known * self.shares + 1))[classes]
        return weights / weights.mean() if len(weights) else weights
