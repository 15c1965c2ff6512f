"""Take every row to be of the class of the nearest row whose label was read, to find rows of rare classes.

.. [1] Hausser and Strimmer, "Entropy inference and the James-Stein estimator, with application to nonlinear
   gene association networks", JMLR 10, 2009: shrinkage of shares, here towards equal ones.
   https://jmlr.org/papers/v10/hausser09a.html
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
    >>> predicted.shares, predicted.weights  # of two labels, shares of 3/4 and 1/4 are no evidence
    (array([0.75, 0.25]), array([1., 1., 1., 1.]))
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

        The weights have the mean 1. A row weighs 1 / share of its class, where shares are drawn towards equal
        ones as far as chance alone would make them differ among as many rows as have labels [1]_.
        """
        classes = np.unique(self._classes, return_inverse=True)[1].reshape(-1)
        weights = (1 / shrunk(self.shares, self.known))[classes]
        return weights / weights.mean() if len(weights) else weights


def shrunk(shares: Float64[ndarray, " classes"], known: int) -> Float64[ndarray, " classes"]:
    """Draw shares seen in `known` rows towards equal ones, with the least expected squared error [1]_.

    >>> shrunk(np.array([0.9, 0.1]), known=10)  # by (1 - 0.82) / (9 * 0.32) = 1/16
    array([0.875, 0.125])
    """
    equal = 1 / max(len(shares), 1)
    by_chance, seen = 1 - (shares**2).sum(), (known - 1) * ((shares - equal) ** 2).sum()
    part = by_chance / seen if seen > by_chance else 1.0
    return part * equal + (1 - part) * shares
