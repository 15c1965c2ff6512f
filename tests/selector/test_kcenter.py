import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.kcenter import KCenter


def kept(X, budget, seed=0):
    X = np.float32(X)[:, None]
    return KCenter().select(Pool(len(X), X=X), budget=budget, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_an_outlier_is_kept_before_a_second_row_of_the_blob(seed):
    blob = [0, 0.1, 0.2, 0.3, 50]
    assert 4 in kept(blob, 2, seed).indices


def test_the_gap_is_filled_where_it_is_widest():
    # Both ends are kept by the third step from anywhere; the widest gap is then around 40.
    assert 2 in kept([0, 10, 40, 90, 100], 4).indices


def test_duplicates_come_last_and_are_counted():
    subset = kept([7, 7, 7, 7, 9], 3)
    assert 4 in subset.indices
    assert subset.provenance == {"topped_up": 1}


def test_budgets_nest():
    points = np.random.default_rng(0).normal(size=30)
    assert set(kept(points, 5).indices) < set(kept(points, 9).indices)
