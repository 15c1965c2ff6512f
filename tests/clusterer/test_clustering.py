import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from winnow.clusterer._clustering import check_clusterable, clustering_from_centroids
from winnow.errors import InvalidValue, WinnowWarning

X = np.arange(20, dtype=np.float32).reshape(10, 2)


@pytest.mark.parametrize(
    ("unusable", "got"),
    [
        (np.zeros(3, np.float32), r"float32 of shape \(3,\)"),
        (np.zeros((3, 2)), r"float64 of shape \(3, 2\)"),
        (np.zeros((0, 2), np.float32), r"float32 of shape \(0, 2\)"),
        (np.zeros((3, 0), np.float32), r"float32 of shape \(3, 0\)"),
    ],
)
def test_anything_but_a_filled_float32_matrix_is_refused(unusable, got):
    with pytest.raises(InvalidValue, match=f"at least one row and one column, got {got}"):
        check_clusterable(unusable, 1)


@pytest.mark.parametrize("k", [0, -5, 11])
def test_more_clusters_than_rows_or_none_are_refused(k):
    with pytest.raises(InvalidValue, match=rf"k must lie in \[1, n=10\], got {k}"):
        check_clusterable(X, k)


@pytest.mark.parametrize("k", [True, 2.0, 2.7])
def test_k_is_not_rounded_from_something_else(k):
    with pytest.raises(InvalidValue, match=f"k must be a whole number, got {k}"):
        check_clusterable(X, k)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted_and_located(value):
    broken = X.copy()
    broken[4, 1] = broken[7, 0] = value
    with pytest.raises(InvalidValue, match="Input X contains NaN or infinity: 2 values, the first in row 4"):
        check_clusterable(broken, 2)


@pytest.mark.parametrize("value", [3e38, -3e38, 1.1e15])
def test_values_whose_squares_may_overflow_are_refused(value):
    huge = X.copy()
    huge[6, 0] = value
    with pytest.raises(InvalidValue, match=r"must lie in \[-1e\+15, 1e\+15\], got .* in row 6"):
        check_clusterable(huge, 2)


def test_the_library_sees_centred_rows_and_its_centroids_move_back():
    seen = []

    def first_rows(centred):
        seen.append(centred)
        return centred[:2]

    clustering = clustering_from_centroids(X + np.float32(1e4), 2, first_rows)
    np.testing.assert_allclose(seen[0].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_array_equal(clustering.centroids, X[:2] + np.float32(1e4))


def test_the_library_runs_on_one_thread():
    threads = []

    def first_rows(centred):
        threads.extend(library["num_threads"] for library in threadpool_info())
        return centred[:2]

    clustering_from_centroids(X, 2, first_rows)
    assert set(threads) == {1}


def test_too_few_distinct_rows_are_counted_in_one_warning():
    repeated = np.repeat(X[:3], 50, axis=0)
    with pytest.warns(WinnowWarning) as caught:
        clustering_from_centroids(repeated, 10, lambda centred: centred[np.arange(10) * 12])
    assert [str(warning.message) for warning in caught] == [
        "k=10 clusters for 3 distinct rows: 7 clusters stay empty"
    ]


def test_an_empty_cluster_among_enough_distinct_rows_is_no_news():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clustering = clustering_from_centroids(X, 3, lambda centred: centred[[0, 0, 5]])
    np.testing.assert_array_equal(clustering.sizes, [3, 0, 7])
