import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from threadpoolctl import threadpool_limits

from winnow.geometry.distance import nearest_centroid
from winnow.geometry.fast_kmeans import Regions, drawn_by_cost, find_centroids, moved, nearest_around
from winnow.geometry.points import Assignment, Points


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def inertia(X, centroids):
    return (nearest_centroid(X, centroids)[1] ** 2).sum()


def test_a_step_of_one_ends_at_the_mean_and_a_longer_one_beyond():
    points = Points.of(np.float32([[-2], [2]]))
    assignment = Assignment(np.int32([0, 0]), np.float32([1, 9]))
    assert moved(points, np.float32([[-1]]), assignment, 1.0) == [[0.0]]
    np.testing.assert_allclose(moved(points, np.float32([[-1]]), assignment, 1.8), [[0.8]], rtol=1e-6)


def test_empty_clusters_move_onto_the_costliest_rows_whatever_the_step():
    points = Points.of(np.float32([[-6], [-1], [0], [7]]))
    assignment = Assignment(np.int32([1, 1, 1, 1]), np.float32([36, 1, 0, 49]))
    centroids = moved(points, np.float32([[90], [0], [80]]), assignment, 1.8)
    assert sorted(centroids[[0, 2], 0]) == [-6, 7]


def test_a_row_is_compared_with_the_centroids_around_its_region_only():
    points = Points.of(np.float32([[-9], [-5], [5], [9]]))
    regions = Regions(np.float32([[-7], [7]]))
    centroids = np.float32([[-8], [-4], [4], [8]])
    of_centroid = regions.nearest(centroids)
    np.testing.assert_array_equal(of_centroid, [0, 0, 1, 1])
    found = nearest_around(
        points, np.array([0, 0, 1, 0]), centroids, regions.around(centroids, of_centroid, 2)
    )
    np.testing.assert_array_equal(found.labels, [0, 1, 2, 1])  # the last was sent to the wrong region
    np.testing.assert_allclose(found.costs, [1, 1, 1, 169])


def test_no_centroid_of_its_own_region_is_left_out_however_many():
    X = np.arange(20, dtype=np.float32)[:, None]
    points = Points.of(X)
    regions, centroids = Regions(np.float32([[0]])), X - points.origin
    found = nearest_around(
        points, np.zeros(20, int), centroids, regions.around(centroids, np.zeros(20, int), 3)
    )
    np.testing.assert_array_equal(found.labels, np.arange(20))


@given(costs=arrays(np.float32, 20, elements=st.sampled_from([0, 1, 5])), seed=st.integers(0, 99))
def test_rows_without_cost_are_drawn_last(costs, seed):
    costly = int(np.count_nonzero(costs))
    drawn = drawn_by_cost(costs, max(costly, 1), np.random.default_rng(seed))
    assert len(set(drawn)) == len(drawn)
    assert costly == 0 or costs[drawn].all()


def test_the_chance_to_be_drawn_is_proportional_to_the_cost():
    rng = np.random.default_rng(0)
    first = np.array([drawn_by_cost(np.float32([1, 3]), 1, rng)[0] for _ in range(4000)])
    assert first.mean() == pytest.approx(0.75, abs=0.03)


@settings(max_examples=30)
@given(
    X=arrays(np.float32, (40, 2), elements=st.integers(-3, 3)),
    k=st.integers(1, 40),
    passes=st.integers(1, 12),
)
def test_centroids_lie_among_the_rows(X, k, passes):
    centroids = find_centroids(X, k, np.random.default_rng(0), passes=passes, draws=2)
    assert centroids.shape == (k, 2)
    assert (centroids >= X.min(axis=0) - 1e-5).all()
    assert (centroids <= X.max(axis=0) + 1e-5).all()


def test_some_rows_dense_and_some_far_are_all_served():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(3000, 3)), 1000 + rng.normal(size=(40, 3))]).astype(np.float32)
    centroids = find_centroids(X, 800, np.random.default_rng(0), passes=12, draws=4)
    distances = nearest_centroid(X, centroids)[1]
    assert distances.max() < 2


@pytest.mark.parametrize("k", [300, 600, 1500], ids=["all searched", "those around", "and their seeds"])
def test_as_many_centroids_as_rows_leave_no_cost(k):
    X = np.random.default_rng(0).normal(size=(k, 5)).astype(np.float32)
    centroids = find_centroids(X, k, np.random.default_rng(1), passes=12, draws=4)
    assert inertia(X, centroids) < 1e-6


@pytest.mark.parametrize(("k", "limit"), [(600, 1.01), (1500, 1.02)])
def test_looking_only_around_costs_little_even_where_there_is_no_structure(monkeypatch, k, limit):
    X = np.random.default_rng(0).normal(size=(4000, 8)).astype(np.float32)

    def mean_inertia():
        rngs = map(np.random.default_rng, range(3))
        return np.mean([inertia(X, find_centroids(X, k, rng, passes=12, draws=4)) for rng in rngs])

    around = mean_inertia()
    monkeypatch.setattr("winnow.geometry.fast_kmeans.FEW", k)
    assert around < limit * mean_inertia()


def test_separate_clouds_are_found_though_they_are_as_many_as_the_clusters():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(1000, 32))
    X = (centres[np.arange(8000) % 1000] + 0.1 * rng.normal(size=(8000, 32))).astype(np.float32)
    centroids = find_centroids(X, 1000, np.random.default_rng(0), passes=12, draws=4)
    # k-means++ without trials leaves 7 % of the clouds without a centroid of their own.
    found = nearest_centroid(centres.astype(np.float32), centroids)[1] < 1
    assert found.mean() > 0.95


def test_a_memory_map_gives_the_same_bits_without_being_copied(tmp_path):
    X = np.random.default_rng(0).random((200_000, 64), dtype=np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r", allow_pickle=False)
    tracemalloc.start()
    from_map = find_centroids(mapped, 8, np.random.default_rng(0), passes=3, draws=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < X.nbytes
    from_memory = find_centroids(X, 8, np.random.default_rng(0), passes=3, draws=2)
    assert from_map.tobytes() == from_memory.tobytes()


@pytest.mark.parametrize("k", [20, 600], ids=["of a sample", "of all rows"])
def test_rows_held_in_memory_change_no_bit(monkeypatch, k):
    X = (np.random.default_rng(0).normal(size=(6000, 7)) + 5).astype(np.float32)
    held = find_centroids(X, k, np.random.default_rng(0), passes=4, draws=2)
    monkeypatch.setattr("winnow.geometry.points._COPIED_VALUES", 0)
    fetched = find_centroids(X, k, np.random.default_rng(0), passes=4, draws=2)
    assert held.tobytes() == fetched.tobytes()
