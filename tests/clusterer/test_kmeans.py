import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from winnow.clusterer.kmeans import Kmeans
from winnow.clusterer.sklearn import Sklearn
from winnow.dataset.digits import Digits
from winnow.embedding.pca import PCA
from winnow.errors import WinnowWarning


def mean_inertia(stage, X, seeds):
    return np.mean([(stage.fit(X, seed=seed).distances ** 2).sum() for seed in range(seeds)])


@pytest.mark.mnist
@pytest.mark.parametrize("k", [50, 600])
def test_inertia_on_mnist_is_within_half_a_percent_of_scikit_learns(mnist_pca64, k):
    assert mean_inertia(Kmeans(k), mnist_pca64, 3) < 1.005 * mean_inertia(Sklearn(k), mnist_pca64, 3)


def test_inertia_on_digits_is_within_half_a_percent_of_scikit_learns():
    X = PCA(components=64).fit_transform(Digits().load().x)
    assert mean_inertia(Kmeans(50), X, 20) < 1.005 * mean_inertia(Sklearn(50), X, 20)


def test_one_cluster_lies_at_the_mean():
    X = np.float32([[1, 5], [3, 7], [5, 3]])
    np.testing.assert_allclose(Kmeans(1).fit(X, seed=0).centroids, [[3, 5]], atol=1e-6)


def test_equal_rows_are_one_cluster_and_one_warning():
    with pytest.warns(WinnowWarning, match="k=4 clusters for 1 distinct rows: 3 clusters stay empty"):
        clustering = Kmeans(4).fit(np.full((50, 3), 0.1, np.float32), seed=0)
    np.testing.assert_array_equal(np.sort(clustering.sizes), [0, 0, 0, 50])
    np.testing.assert_array_equal(clustering.distances, np.zeros(50))


def test_a_far_away_row_gets_a_cluster_of_its_own():
    X = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    X[123] = 1000
    clustering = Kmeans(5).fit(X, seed=0)
    assert clustering.sizes[clustering.labels[123]] == 1


def test_more_clusters_than_are_searched_in_full_give_the_same_bits_on_any_number_of_threads():
    X = np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)
    by_threads = []
    for threads in (1, 4):
        with threadpool_limits(threads):
            by_threads.append(Kmeans(400).fit(X, seed=0))
    assert by_threads[0].centroids.tobytes() == by_threads[1].centroids.tobytes()
