import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans

from winnow.clusterer.lloyd import (
    Lloyd,
    assign,
    iterate_centroids,
    random_centroids,
    squared_distances,
    update,
)

FOUR_POINTS = np.array([[0.0], [2.0], [10.0], [12.0]])


def inertia(X, centroids):
    return squared_distances(X, centroids).min(axis=1).sum()


def test_every_round_on_four_points_is_the_one_worked_by_hand():
    # From 0 and 2 only row 0 is nearest to the first; then 2 moves over, and the next round changes nothing.
    rounds = [centroids.ravel().tolist() for centroids in iterate_centroids(FOUR_POINTS, FOUR_POINTS[:2])]
    assert rounds == [[0, 2], [0, 8], [1, 11]]


@pytest.mark.parametrize("seed", range(5))
def test_from_the_same_start_it_ends_where_scikit_learn_ends(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, 3)) + 4 * rng.integers(0, 4, size=(500, 1))
    initial = random_centroids(X, 6, rng)
    *_, last = iterate_centroids(X, initial)
    theirs = KMeans(6, init=initial, n_init=1, tol=0, algorithm="lloyd").fit(X)
    np.testing.assert_allclose(last, theirs.cluster_centers_, atol=1e-9)
    np.testing.assert_array_equal(assign(squared_distances(X, last)), theirs.labels_)


@given(arrays(np.float64, (12, 2), elements=st.integers(-9, 9)), st.integers(1, 12), st.integers(0, 99))
def test_no_round_raises_the_inertia(X, k, seed):
    initial = random_centroids(X, k, np.random.default_rng(seed))
    inertias = [inertia(X, centroids) for centroids in iterate_centroids(X, initial)]
    assert (np.diff(inertias) <= 1e-9).all()


@given(arrays(np.float64, (7, 3), elements=st.integers(-9, 9)))
def test_squared_distances_are_those_of_the_definition(X):
    centroids = X[:2]
    expected = ((X[:, None] - centroids[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(X, centroids), expected, atol=1e-9)


def test_the_first_centroids_are_different_rows():
    X = np.arange(10.0)[:, None]
    drawn = random_centroids(X, 10, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(drawn, axis=0), X)


def test_a_cluster_without_rows_keeps_its_centroid():
    moved = update(FOUR_POINTS, np.array([0, 0, 0, 0]), np.array([[1.0], [99.0]]))
    np.testing.assert_array_equal(moved, [[6.0], [99.0]])


def test_it_stops_after_the_iterations_it_is_given():
    X = np.random.default_rng(0).random((300, 2), dtype=np.float32)
    short, long = (Lloyd(6, iterations=iterations).fit(X, seed=0) for iterations in (1, 300))
    assert (short.distances**2).sum() > (long.distances**2).sum()
