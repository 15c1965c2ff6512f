import numpy as np

from winnow.pool import Pool
from winnow.selector.herding import Herding


def kept(X, budget):
    X = np.float32(X)
    return Herding().select(Pool(len(X), X=X), budget=budget, rng=np.random.default_rng(0)).indices


def test_the_running_mean_follows_the_mean():
    # Directions 0, 20, 70 and 90 degrees: the mean is at 45, as near to 20 as to 70, and then the other.
    angles = np.radians([0, 20, 70, 90])
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert kept(points, 2).tolist() == [1, 2]
    assert kept(points, 4).tolist() == [0, 1, 2, 3]


def test_length_plays_no_part():
    X = np.random.default_rng(0).normal(size=(50, 3))
    lengths = np.random.default_rng(1).uniform(0.1, 10, size=(50, 1))
    np.testing.assert_array_equal(kept(X, 10), kept(X * lengths, 10))


def test_the_outlier_comes_after_the_blob():
    blob = np.vstack([np.random.default_rng(0).normal(size=(20, 2)) + 9, [[-60, 60]]])
    assert 20 not in kept(blob, 10)


def test_the_kept_mean_is_closer_than_that_of_random_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    herded = np.linalg.norm(X[kept(X, 50)].mean(axis=0) - X.mean(axis=0))
    random = [np.linalg.norm(X[rng.permutation(500)[:50]].mean(axis=0) - X.mean(axis=0)) for _ in range(20)]
    assert herded < 0.2 * min(random)
