import numpy as np
import pytest
from scipy.spatial.distance import cdist

from winnow.geometry.reach import reaches


def test_reaches_by_hand():
    X = np.float32([[0], [1], [3], [7]])
    assert reaches(X, np.array([1, 3]), 0).tolist() == [0, 0]
    assert reaches(X, np.array([1, 3]), 1).tolist() == [1, 4]
    assert reaches(X, np.array([1, 3]), 3).tolist() == [6, 7]


@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize("rank", [0, 1, 40, 1999])
def test_they_are_those_of_all_distances_in_double_precision(rank, offset):
    rng = np.random.default_rng(0)
    tight = rng.normal(size=(1000, 8)) * 0.01
    X = (np.concatenate([rng.normal(size=(900, 8)), tight, tight[:100]]) + offset).astype(np.float32)
    rows = rng.choice(len(X), 60, replace=False)
    expected = np.sort(cdist(X[rows], X), axis=1)[:, rank]
    np.testing.assert_allclose(reaches(X, rows, rank), expected, rtol=1e-12)


def test_of_equal_rows_none_is_further_than_another():
    assert reaches(np.ones((30, 2), np.float32), np.arange(30), 29).tolist() == [0] * 30
