import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from winnow.geometry.distance import distances_to_centroids, nearest_centroid


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


def exact_rule(X, centroids):
    """Compare every row with every centroid in double precision, one centroid at a time."""
    table = np.stack(
        [distances_to_centroids(X, centroids, np.full(len(X), label)) for label in range(len(centroids))]
    )
    return table.argmin(axis=0), table.min(axis=0)


def close_calls(rng):
    """Pairs of centroids that single precision cannot tell apart."""
    centroids = rng.normal(size=(15, 16)).astype(np.float32)
    return rng.normal(size=(500, 16)), np.concatenate([centroids, np.nextafter(centroids, np.float32(9))])


def far_groups(rng):
    """Groups so far from each other that within each, single precision sees one point."""
    groups = 1e6 * rng.integers(-1, 2, size=(500, 1))
    return rng.normal(size=(500, 16)) + groups, rng.normal(size=(30, 16)) + groups[:30]


def duplicates(rng):
    X = rng.integers(0, 2, size=(500, 4))
    return X, X[:40]


def tiny_values(rng):
    """Values whose squares vanish in single precision."""
    X = rng.normal(size=(500, 16)) * 1e-25
    return X, X[:30]


def one_outlier(rng):
    X = rng.normal(size=(500, 16))
    X[7] = 1e12
    return X, np.concatenate([X[:30], rng.normal(size=(10, 16))])


@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize("hard_case", [close_calls, far_groups, duplicates, tiny_values, one_outlier])
def test_the_quick_filter_never_changes_the_outcome(hard_case, offset):
    X, centroids = ((each + offset).astype(np.float32) for each in hard_case(np.random.default_rng(0)))
    labels, distances = nearest_centroid(X, centroids)
    expected_labels, expected_distances = exact_rule(X, centroids)
    np.testing.assert_array_equal(labels, expected_labels)
    np.testing.assert_array_equal(distances, expected_distances)


def test_the_close_calls_are_beyond_single_precision():
    X, centroids = (each.astype(np.float32) for each in close_calls(np.random.default_rng(0)))
    single = ((centroids**2).sum(axis=1) - 2 * X @ centroids.T).argmin(axis=1)
    assert (single != exact_rule(X, centroids)[0]).sum() > 50


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
