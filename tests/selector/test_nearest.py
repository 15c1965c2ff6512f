import numpy as np
import pytest

from winnow.selector.nearest import Nearest


@pytest.mark.parametrize(
    ("budget", "rows"),
    [
        (1, [0]),  # one row for two clusters: the larger cluster's
        (2, [0, 4]),
        (3, [0, 1, 4]),
        (5, [0, 1, 2, 4, 5]),  # cluster 1 is exhausted after two rows
    ],
)
def test_nearest_by_hand(keep, budget, rows):
    assert keep(Nearest(), budget) == rows


def test_what_left_no_choice_is_noted(six_points):
    subset = Nearest().select(six_points, budget=2, rng=np.random.default_rng(0))
    assert subset.provenance == {"empty_clusters": 0, "singleton_clusters": 0}
