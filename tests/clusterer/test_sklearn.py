import numpy as np

from winnow.clusterer.sklearn import Sklearn


def test_it_iterates_until_every_centroid_is_the_mean_of_its_rows():
    X = np.random.default_rng(0).random((300, 2), dtype=np.float32)
    clustering = Sklearn(6, tolerance=0.0).fit(X, seed=0)
    means = [X[clustering.labels == label].mean(axis=0) for label in range(6)]
    np.testing.assert_allclose(clustering.centroids, means, atol=1e-6)


def test_it_stops_after_the_iterations_it_is_given():
    X = np.random.default_rng(0).random((300, 2), dtype=np.float32)
    short, long = (Sklearn(6, iterations=iterations).fit(X, seed=0) for iterations in (1, 300))
    assert (short.distances**2).sum() > (long.distances**2).sum()
