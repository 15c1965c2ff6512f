import numpy as np

from winnow.pool import Pool
from winnow.selector.kernel_herding import KernelHerding


def kept(X, budget):
    X = np.float32(X)
    return KernelHerding().select(Pool(len(X), X=X), budget=budget, rng=np.random.default_rng(0))


def test_the_dense_blob_comes_before_the_outlier():
    blob = np.vstack([np.random.default_rng(0).normal(size=(20, 2)), [[60, 60]]])
    assert 20 not in kept(blob, 5).indices


def test_two_equal_blobs_are_taken_in_turn():
    rng = np.random.default_rng(0)
    blobs = np.vstack([rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) + 30])
    for budget in (2, 4, 6):
        assert (kept(blobs, budget).indices < 50).sum() == budget // 2


def test_a_blob_of_twice_the_size_gets_twice_the_rows():
    rng = np.random.default_rng(0)
    blobs = np.vstack([rng.normal(size=(60, 2)), rng.normal(size=(30, 2)) + 30])
    assert (kept(blobs, 9).indices < 60).sum() == 6


def test_the_bandwidth_is_the_median_distance():
    # Distances 1, 3 and 4.
    assert kept([[0], [1], [4]], 1).provenance == {"bandwidth": 3.0}
