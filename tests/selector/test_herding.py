import numpy as np

from winnow.selector.herding import Herding


def kept(X, budget):
    X = np.float32(X)
    return Herding().select(X, np.full(len(X), -1), None, budget=budget, rng=np.random.default_rng(0)).indices


def test_the_running_mean_follows_the_mean():
    # The mean is 3. Wanted: 3 -> row at 2.5; then 6 - 2.5 = 3.5 -> 4; then 9 - 6.5 = 2.5 -> 1.5, not 10.
    points = np.array([[0], [1.5], [2.5], [4], [10], [0]])
    assert kept(points, 1).tolist() == [2]
    assert kept(points, 2).tolist() == [2, 3]
    assert kept(points, 3).tolist() == [1, 2, 3]


def test_the_outlier_comes_after_the_blob():
    blob = np.vstack([np.random.default_rng(0).normal(size=(20, 2)), [[60, 60]]])
    assert 20 not in kept(blob, 10)


def test_the_kept_mean_is_closer_than_that_of_random_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    herded = np.linalg.norm(X[kept(X, 50)].mean(axis=0) - X.mean(axis=0))
    random = [np.linalg.norm(X[rng.permutation(500)[:50]].mean(axis=0) - X.mean(axis=0)) for _ in range(20)]
    assert herded < 0.2 * min(random)
