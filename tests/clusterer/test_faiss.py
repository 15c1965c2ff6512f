import numpy as np
import pytest

from winnow.clusterer.faiss import Faiss
from winnow.clusterer.sklearn import Sklearn


def inertia(clustering):
    return (clustering.distances**2).sum()


@pytest.mark.mnist
def test_inertia_on_mnist_is_within_one_percent_of_scikit_learns(mnist_pca64):
    # Measured: +0.4 % at seed 0, where scikit-learn itself varies by 0.2 % between seeds.
    ratio = inertia(Faiss(100).fit(mnist_pca64, seed=0)) / inertia(Sklearn(100).fit(mnist_pca64, seed=0))
    assert ratio < 1.01


def test_all_rows_count_though_faiss_would_sample_256_per_cluster():
    X = np.zeros((1000, 1), dtype=np.float32)
    X[::2] = 1
    np.testing.assert_allclose(Faiss(1).fit(X, seed=0).centroids, [[0.5]], atol=1e-6)


def test_faiss_prints_nothing_about_few_rows_per_cluster(capfd):
    Faiss(20).fit(np.random.default_rng(0).random((40, 2), dtype=np.float32), seed=0)
    assert capfd.readouterr() == ("", "")
