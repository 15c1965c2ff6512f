import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from winnow.distance import distances_to_centroids, nearest_centroid


def every_distance(X, centroids):
    difference = X[:, None, :].astype(np.float64) - centroids[None].astype(np.float64)
    return np.sqrt((difference**2).sum(axis=2))


@pytest.fixture(params=[0, 100, 1e4], ids=lambda offset: f"offset={offset:g}")
def far_from_zero(request):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(300, 16)) + request.param).astype(np.float32)
    return X, X[:20] + np.float32(0.01)


def test_distances_by_hand():
    X = np.float32([[0, 0], [3, 4], [6, 8]])
    centroids = np.float32([[0, 0], [6, 0]])
    np.testing.assert_array_equal(distances_to_centroids(X, centroids, np.array([0, 0, 1])), [0.0, 5.0, 8.0])


def test_distances_agree_with_direct_differences_far_from_zero(far_from_zero):
    X, centroids = far_from_zero
    labels = np.arange(len(X)) % len(centroids)
    expected = every_distance(X, centroids)[np.arange(len(X)), labels]
    np.testing.assert_allclose(distances_to_centroids(X, centroids, labels), expected, rtol=1e-13)


def test_a_row_on_its_centroid_is_at_distance_zero_even_far_from_zero():
    X = np.full((3, 5), 12345.678, dtype=np.float32)
    np.testing.assert_array_equal(distances_to_centroids(X, X[:1], np.zeros(3, int)), [0.0, 0.0, 0.0])


def test_the_largest_values_that_are_let_in_do_not_overflow():
    X = np.float32([[1e15] * 100, [-1e15] * 100])
    labels, distances = nearest_centroid(X, X[:1])
    np.testing.assert_array_equal(labels, [0, 0])
    np.testing.assert_allclose(distances, [0.0, 2e16])


def test_the_nearest_centroid_is_found_far_from_zero(far_from_zero):
    X, centroids = far_from_zero
    table = every_distance(X, centroids)
    labels, distances = nearest_centroid(X, centroids)
    np.testing.assert_array_equal(labels, table.argmin(axis=1))
    np.testing.assert_allclose(distances, table.min(axis=1), rtol=1e-13)


@pytest.mark.parametrize("rows_at_once", [1, 7, 64, None])
def test_the_chunk_size_changes_no_bit(far_from_zero, rows_at_once):
    X, centroids = far_from_zero
    labels, distances = nearest_centroid(X, centroids, rows_at_once=len(X))
    again, distances_again = nearest_centroid(X, centroids, rows_at_once=rows_at_once)
    np.testing.assert_array_equal(labels, again)
    np.testing.assert_array_equal(distances, distances_again)


@given(
    X=arrays(np.float32, (9, 2), elements=st.integers(-2, 2)),
    centroids=arrays(np.float32, (6, 2), elements=st.integers(-2, 2)),
    offset=st.sampled_from([0, 10_000]),
    rows_at_once=st.integers(1, 9),
)
def test_equally_near_centroids_fall_to_the_lower_label(X, centroids, offset, rows_at_once):
    X, centroids = X + np.float32(offset), centroids + np.float32(offset)
    labels, distances = nearest_centroid(X, centroids, rows_at_once=rows_at_once)
    table = every_distance(X, centroids)
    np.testing.assert_array_equal(labels, table.argmin(axis=1))
    np.testing.assert_array_equal(distances, table.min(axis=1))
