from itertools import combinations

import numpy as np

from winnow.pool import Pool
from winnow.selector.facility_location import FacilityLocation, _similarities


def kept(X, budget, neighbours=64):
    X = np.float32(X)
    selector = FacilityLocation(neighbours)
    return selector.select(Pool(len(X), X=X), budget=budget, rng=np.random.default_rng(0)).indices


def test_the_middle_of_the_blob_comes_before_the_outlier():
    assert kept([[0], [1], [2], [30]], 1, neighbours=2).tolist() == [1]


def test_each_blob_gets_one_row_before_any_gets_two():
    blobs = [[0], [1], [2], [50], [51], [52], [53]]
    rows = kept(blobs, 2, neighbours=2)
    assert (rows < 3).sum() == 1


def test_lazy_greedy_is_greedy():
    X = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    similarity = _similarities(X, 8).toarray()
    expected: list[int] = []
    for _ in range(12):
        value = [
            -1 if row in expected else similarity[:, [*expected, row]].max(axis=1).sum() for row in range(40)
        ]
        expected.append(int(np.argmax(value)))
    assert kept(X, 12, neighbours=8).tolist() == sorted(expected)


def test_greedy_reaches_its_guaranteed_share_of_the_optimum():
    X = np.random.default_rng(1).normal(size=(14, 2)).astype(np.float32)
    similarity = _similarities(X, 13).toarray()

    def value(rows):
        return similarity[:, rows].max(axis=1).sum()

    best = max(value(list(rows)) for rows in combinations(range(14), 3))
    assert value(kept(X, 3)) >= (1 - 1 / np.e) * best


def test_duplicates_come_last():
    assert kept([[5], [5], [5], [9]], 2).tolist() == [0, 3]
