"""Turn what a clustering library finds into a `Clustering`, with the same guarantees for every library.

The libraries differ in how they treat bad input (faiss ends the process on values near the float32 limit or
on zero features, and labels NaN rows -1), in how precise their labels are, and in whether they report empty
clusters. A clusterer therefore only supplies the function by which its library finds centroids; checking
and centring the input, and computing labels and distances, is done here in the same way for all.
"""

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from threadpoolctl import threadpool_limits

from winnow.errors import InvalidValue, WinnowWarning
from winnow.geometry.distance import distances_to_centroids, nearest_centroid
from winnow.rows.usable import require_usable
from winnow.types import Clustering

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

FindCentroids = Callable[[ndarray], ndarray]
FindClusters = Callable[[ndarray], tuple[ndarray, ndarray]]


def clustering_from_centroids(
    X: Float32[ndarray, "n d"], k: int, find_centroids: FindCentroids, *, centre: bool = True
) -> Clustering:
    """Check `X`, find k centroids with `find_centroids`, and assign every row to the nearest.

    `find_centroids` is called with a centred copy of `X`, with `centre=False` with `X` itself: for a function
    that takes care of the precision of its sums.

    >>> two_ends = lambda X: X[[0, -1]]
    >>> clustering_from_centroids(np.float32([[0], [1], [5], [6]]), 2, two_ends).labels
    array([0, 0, 1, 1])
    """
    check_clusterable(X, k)
    with one_thread():
        centroids = _around_the_mean(X, find_centroids) if centre else find_centroids(X)
        clustering = Clustering(centroids, *nearest_centroid(X, centroids))
    warn_of_too_few_distinct_rows(X, clustering)
    return clustering


def clustering_from_labels(X: Float32[ndarray, "n d"], k: int, find_clusters: FindClusters) -> Clustering:
    """Check `X`, and find centroids and labels with `find_clusters`, where labels need not be the nearest.

    `find_clusters` is called with a centred copy of `X` and returns the centroids and the label of every row.
    The distance of a row is that to the centroid of its label.

    >>> odd_and_even = lambda X: (X[:2], np.array([0, 1, 0, 1]))
    >>> clustering_from_labels(np.float32([[0], [1], [2], [3]]), 2, odd_and_even).distances
    array([0., 0., 2., 2.])
    """
    labels = np.empty(0, np.int64)

    def find_centroids(centred: ndarray) -> ndarray:
        nonlocal labels
        centroids, labels = find_clusters(centred)
        return centroids

    check_clusterable(X, k)
    with one_thread():
        centroids = _around_the_mean(X, find_centroids)
        clustering = Clustering(centroids, labels, distances_to_centroids(X, centroids, labels))
    warn_of_too_few_distinct_rows(X, clustering)
    return clustering


def one_thread() -> AbstractContextManager:
    """Return a context in which libraries that are already loaded compute on one thread.

    The last bits of a sum depend on how it is split among threads. Clusterers import theirs before.
    """
    return threadpool_limits(1)


def _around_the_mean(X: ndarray, find_centroids: FindCentroids) -> ndarray:
    mean = X.mean(axis=0, dtype=np.float64)
    # Subtracted in double precision and stored in single, without a temporary array of doubles.
    centred = np.subtract(X, mean, out=np.empty(X.shape, np.float32), casting="same_kind")
    return (find_centroids(centred) + mean).astype(np.float32)


def cluster_means(
    X: Float32[ndarray, "n d"], labels: Int64[ndarray, " n"], empty: Float32[ndarray, "k d"]
) -> Float32[ndarray, "k d"]:
    """Return the mean of the rows of every label, and the row of `empty` for a label without rows.

    >>> X = np.float32([[0], [2], [7]])
    >>> cluster_means(X, np.array([0, 0, 2]), empty=np.float32([[9], [9], [9]])).tolist()
    [[1.0], [9.0], [7.0]]
    """
    means = empty.copy()
    by_label = np.argsort(labels, kind="stable")
    present, first = np.unique(labels[by_label], return_index=True)
    sums = np.add.reduceat(X[by_label], first, axis=0, dtype=np.float64)
    means[present] = sums / np.bincount(labels)[present][:, None]
    return means


def estimator_centroids(estimator: "BaseEstimator") -> FindCentroids:
    """Return the function that finds centroids by fitting a scikit-learn estimator.

    Its warning about duplicate rows is ignored: a warning in the same words is given for every library.
    """
    from sklearn.exceptions import ConvergenceWarning

    def find_centroids(centred: ndarray) -> ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return estimator.fit(centred).cluster_centers_

    return find_centroids


def check_clusterable(X: ndarray, k: int | float) -> None:
    """Refuse input on which a clustering library would crash or silently go wrong.

    >>> check_clusterable(np.zeros((100, 2), np.float32), 200)
    Traceback (most recent call last):
    winnow.errors.InvalidValue: k must lie in [1, n=100], got 200
    """
    if X.ndim != 2 or X.dtype != np.float32 or X.size == 0:
        raise InvalidValue(
            "Input X must be a float32 matrix with at least one row and one column, "
            f"got {X.dtype} of shape {X.shape}"
        )
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise InvalidValue(f"k must be a whole number, got {k!r}")
    if not 1 <= k <= len(X):
        raise InvalidValue(f"k must lie in [1, n={len(X)}], got {k}")
    require_usable(X)


def warn_of_too_few_distinct_rows(X: ndarray, clustering: Clustering) -> None:
    """Warn if clusters stay empty because there are fewer distinct rows than clusters."""
    if clustering.sizes.all():
        return
    if (distinct := _distinct_rows(X, enough=clustering.k)) < clustering.k:
        warnings.warn(
            f"k={clustering.k} clusters for {distinct} distinct rows: "
            f"{np.count_nonzero(clustering.sizes == 0)} clusters stay empty",
            WinnowWarning,
            stacklevel=5,  # the caller of the clusterer's `fit`
        )


def _distinct_rows(X: ndarray, enough: int) -> int:
    """Count the distinct rows of `X`, but stop once there are `enough`."""
    rows_read = 2 * enough
    while (distinct := len(np.unique(X[:rows_read], axis=0))) < enough and rows_read < len(X):
        rows_read *= 2
    return distinct
