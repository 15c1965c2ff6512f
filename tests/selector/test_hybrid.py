import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.hybrid import Hybrid
from winnow.types import Clustering


@pytest.mark.parametrize(
    ("budget", "rows"),
    [
        (2, [0, 4]),  # one row per cluster: the nearest
        (3, [0, 3, 4]),
        (4, [0, 3, 4, 5]),
        (5, [0, 1, 3, 4, 5]),  # the odd row of cluster 0 goes to the nearest
    ],
)
def test_hybrid_by_hand(keep, budget, rows):
    assert keep(Hybrid(), budget) == rows


def test_a_row_that_is_both_nearest_and_furthest_is_kept_once():
    tied = Clustering(np.zeros((1, 1), np.float32), np.zeros(4, np.int64), np.ones(4))
    subset = Hybrid().select(Pool(4, clustering=tied), budget=3, rng=np.random.default_rng(0))
    assert subset.indices.tolist() == [0, 1, 2]
