"""Two levels of k-means: what cells are given, that no cluster is empty, and what it costs in inertia."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from threadpoolctl import threadpool_limits

from winnow.geometry.distance import nearest_centroid
from winnow.geometry.fast_kmeans import find_centroids
from winnow.geometry.two_level_kmeans import fill_empty, find_clusters, shares_of


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def mixture(n, centres, d=16):
    rng = np.random.default_rng(0)
    means = rng.normal(size=(centres, d))
    return (means[rng.integers(0, centres, n)] + 0.5 * rng.normal(size=(n, d))).astype(np.float32)


def clusters_of(X, k, seed=0):
    return find_clusters(X, k, np.random.default_rng(seed), passes=12, draws=4)


def test_the_next_centroid_goes_where_those_there_have_most_left_to_each():
    # 100, then 50 and 40, then 33: the second cell gets its turn before the third of the first.
    assert shares_of(np.array([100.0, 40.0]), np.array([9, 9]), 4) == [3, 1]
    assert shares_of(np.array([100.0, 60.0]), np.array([9, 9]), 4) == [2, 2]


def test_a_cell_has_no_more_centroids_than_rows_and_one_even_without_costs():
    assert shares_of(np.array([100.0, 1.0, 0.0]), np.array([2, 9, 5]), 6) == [2, 3, 1]


@given(
    cells=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 100)), min_size=1, max_size=8), data=st.data()
)
def test_shares_add_up_to_k_and_fit_into_their_cells(cells, data):
    sizes, costs = (np.array(column) for column in zip(*cells, strict=True))
    fewest, most = np.count_nonzero(sizes), sizes.sum()
    k = data.draw(st.integers(fewest, most))
    shares = np.array(shares_of(costs.astype(float), sizes, k))
    assert shares.sum() == k
    assert (shares <= sizes).all()
    assert ((shares > 0) == (sizes > 0)).all()


def test_the_centroids_of_empty_clusters_move_onto_the_furthest_rows():
    X, centroids = np.float32([[0], [1], [7], [9]]), np.float32([[0], [50], [60]])
    centroids, labels, distances = fill_empty(X, centroids, np.zeros(4, int), np.array([0.0, 1.0, 7.0, 9.0]))
    assert centroids.tolist() == [[0], [7], [9]]
    assert labels.tolist() == [0, 0, 1, 2]
    assert distances.tolist() == [0, 1, 0, 0]


def test_equal_rows_do_not_fill_two_clusters():
    X, centroids = np.float32([[0], [5], [5]]), np.float32([[0], [50], [60]])
    _, labels, _ = fill_empty(X, centroids, np.zeros(3, int), np.array([0.0, 5.0, 5.0]))
    assert labels.tolist() == [0, 1, 1]


@settings(deadline=None, max_examples=10)
@given(
    X=arrays(np.float32, (20, 2), elements=st.integers(0, 2)), k=st.integers(1, 12), seed=st.integers(0, 9)
)
def test_as_many_clusters_have_rows_as_there_are_distinct_rows_up_to_k(X, k, seed):
    centroids, labels, distances = clusters_of(X, k, seed)
    assert len(centroids) == k
    assert len(set(labels)) == min(k, len(np.unique(X, axis=0)))
    np.testing.assert_allclose(distances, np.linalg.norm(X - centroids[labels], axis=1), atol=1e-5)


def test_no_cluster_is_empty_though_there_are_hardly_more_rows_than_clusters():
    _, labels, _ = clusters_of(mixture(300, 20), 270)
    assert np.bincount(labels, minlength=270).min() > 0


def test_a_cluster_for_every_row_leaves_no_distance():
    _, labels, distances = clusters_of(mixture(300, 5), 300)
    assert sorted(labels) == list(range(300))
    assert distances.max() < 1e-6  # a mean is rounded


def test_of_many_clusters_inertia_is_near_that_of_one_level_and_most_rows_are_with_the_nearest():
    X = mixture(5000, 300)
    flat = find_centroids(X, 800, np.random.default_rng(0), passes=12, draws=4)
    centroids, labels, distances = clusters_of(X, 800)
    nearest, least = nearest_centroid(X, centroids)
    assert (distances**2).sum() < 1.05 * (nearest_centroid(X, flat)[1] ** 2).sum()
    assert (labels == nearest).mean() > 0.99
    assert (distances >= least).all()


def test_a_memory_map_gives_the_same_bits(tmp_path):
    X = mixture(900, 50)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for one, other in zip(clusters_of(X, 450), clusters_of(mapped, 450), strict=True):
        assert one.tobytes() == other.tobytes()
