"""The default k-means in chunks finds what it finds in one piece."""

import numpy as np
import pytest

from winnow.clusterer._chunked_fit import ChunkedFit
from winnow.clusterer.kmeans import Kmeans
from winnow.dataset.digits import Digits
from winnow.embedding.pca import PCA
from winnow.geometry.chunked_kmeans import chunks_on_disk
from winnow.geometry.distance import nearest_centroid


class Here:
    """An engine that does each call at once, in this process."""

    def submit(self, function, *arguments, pure):
        return function(*arguments)

    def map(self, function, *arguments, pure):
        return [function(*each) for each in zip(*arguments, strict=True)]

    def gather(self, results):
        return results


@pytest.fixture
def centroids_of(tmp_path):
    def find(X, k, seed=0, *, rows, passes=12):
        return ChunkedFit(Here(), chunks_on_disk(X, tmp_path, rows), k, 4, seed).centroids(passes)

    return find


def inertia(X, centroids):
    return (nearest_centroid(X, centroids)[1] ** 2).sum()


def mixture(n, k, d=16):
    rng = np.random.default_rng(0)
    centres = 2 * rng.normal(size=(k, d))
    return (centres[rng.integers(0, k, n)] + rng.normal(size=(n, d))).astype(np.float32)


def test_inertia_on_digits_is_within_half_a_percent_of_the_default(centroids_of):
    X = PCA(components=64).fit_transform(Digits().load().x)
    ours = np.mean([inertia(X, centroids_of(X, 50, seed, rows=300)) for seed in range(40)])
    default = np.mean([(Kmeans(50).fit(X, seed=seed).distances ** 2).sum() for seed in range(40)])
    assert ours < 1.005 * default


def test_inertia_of_many_clusters_which_are_searched_in_regions_is_that_of_the_default(centroids_of):
    X = mixture(6000, 700)
    ours = np.mean([inertia(X, centroids_of(X, 700, seed, rows=2000)) for seed in range(4)])
    default = np.mean([(Kmeans(700).fit(X, seed=seed).distances ** 2).sum() for seed in range(4)])
    assert ours < 1.005 * default


def test_one_cluster_lies_at_the_mean_of_all_chunks(centroids_of):
    X = np.float32([[1, 5], [3, 7], [5, 3]])
    np.testing.assert_allclose(centroids_of(X, 1, rows=2), [[3, 5]], atol=1e-6)


def test_two_far_groups_in_chunks_that_each_hold_a_part_of_both_are_found(centroids_of):
    X = np.float32([[0], [100], [2], [102], [1], [101]])
    found = centroids_of(X, 2, rows=2)
    np.testing.assert_allclose(np.sort(found, axis=0), [[1], [101]], atol=1e-4)


def test_the_same_seed_and_chunks_give_the_same_bits_and_others_do_not(centroids_of):
    X = mixture(2000, 20)
    first, again = (centroids_of(X, 20, 1, rows=300) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != centroids_of(X, 20, 2, rows=300).tobytes()


def test_clusters_of_fewer_distinct_rows_stay_empty_and_nothing_fails(centroids_of):
    X = np.repeat(np.float32([[0, 0], [5, 5]]), 10, axis=0)
    found = centroids_of(X, 4, rows=7)
    assert inertia(X, found) == 0
