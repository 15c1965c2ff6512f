import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.furthest import Furthest
from winnow.types import Clustering


@pytest.mark.parametrize(
    ("budget", "rows"),
    [
        (1, [3]),
        (2, [3, 5]),
        (3, [2, 3, 5]),
        (5, [1, 2, 3, 4, 5]),
    ],
)
def test_furthest_by_hand(keep, budget, rows):
    assert keep(Furthest(), budget) == rows


def test_equal_distances_fall_to_the_lower_row():
    tied = Clustering(np.zeros((1, 1), np.float32), np.zeros(4, np.int64), np.array([1.0, 3.0, 3.0, 3.0]))
    subset = Furthest().select(Pool(4, clustering=tied), budget=2, rng=np.random.default_rng(0))
    assert subset.indices.tolist() == [1, 2]
