import numpy as np

from winnow.clusterer.neural import Neural
from winnow.clusterer.sklearn import Sklearn


def two_clouds():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(c, 1, (100, 2)) for c in (1, 5)]).astype(np.float32)


def inertia(clustering):
    return (clustering.distances**2).sum()


def test_two_clouds_are_found_though_less_well_than_by_k_means():
    X = two_clouds()
    by_network, by_k_means = (inertia(stage.fit(X, seed=0)) for stage in (Neural(2), Sklearn(2)))
    assert by_k_means < by_network < 1.25 * by_k_means


def test_centroids_are_the_means_of_their_rows():
    X = two_clouds()
    clustering = Neural(2).fit(X, seed=0)
    means = [X[clustering.labels == label].mean(axis=0) for label in range(2)]
    np.testing.assert_allclose(clustering.centroids, means, atol=1e-5)


def test_it_ends_when_no_row_changes_sides():
    *_, before, last = Neural(2, rounds=30).rounds_on(two_clouds(), seed=0)
    np.testing.assert_array_equal(before.labels, last.labels)


def test_it_ends_after_the_rounds_it_is_given():
    assert len(list(Neural(20, rounds=1).rounds_on(two_clouds(), seed=0))) == 1


def test_a_cluster_left_empty_starts_again_from_a_row():
    X = np.repeat(two_clouds()[:2], 10, axis=0)
    first = next(iter(Neural(5).rounds_on(X, seed=0)))
    empty = np.setdiff1d(np.arange(5), first.labels)
    assert len(empty) >= 3
    for centroid in first.centroids[empty]:
        assert np.isclose(X, centroid, atol=1e-5).all(axis=1).any()


def test_the_unit_of_measurement_does_not_matter():
    X = two_clouds()
    small, large = (Neural(3).fit(X * np.float32(scale), seed=0).labels for scale in (1, 2**20))
    np.testing.assert_array_equal(small, large)
