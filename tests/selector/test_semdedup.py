import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.semdedup import SemDeDup
from winnow.types import Clustering

# Directions in degrees: 0, 10, 40, 90 in one cluster; 0 in another.
ANGLES = np.radians([0, 10, 40, 90, 0])
X = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
CLUSTERING = Clustering(np.zeros((2, 2), np.float32), np.array([0, 0, 0, 0, 1]), np.array([1.0, 2, 3, 4, 1]))


def kept(selector, budget):
    return selector.select(Pool(5, X=X, clustering=CLUSTERING), budget=budget, rng=np.random.default_rng(0))


# Hard: in the order 3, 2, 1, 0 rows come 50, 30 and 10 degrees from one before them.
# Easy: in the order 0, 1, 2, 3 it is 10, 30 and 50 degrees.
@pytest.mark.parametrize(
    ("keep", "budget", "rows"),
    [
        ("hard", 2, [3, 4]),
        ("hard", 3, [2, 3, 4]),
        ("hard", 4, [1, 2, 3, 4]),
        ("easy", 2, [0, 4]),
        ("easy", 3, [0, 3, 4]),
        ("easy", 4, [0, 2, 3, 4]),
    ],
)
def test_the_most_redundant_go_first(keep, budget, rows):
    assert kept(SemDeDup(keep), budget).indices.tolist() == rows


def test_the_threshold_is_the_cosine_of_the_first_row_left_out():
    assert kept(SemDeDup(), 3).provenance["threshold"] == pytest.approx(np.cos(np.radians(30)))


def test_blocks_do_not_change_the_result(monkeypatch):
    whole = kept(SemDeDup(), 3).indices
    monkeypatch.setattr("winnow.selector.semdedup._PAIRS_AT_ONCE", 1)
    np.testing.assert_array_equal(kept(SemDeDup(), 3).indices, whole)


def test_clusters_that_a_small_budget_leaves_out_are_chosen_by_chance():
    """Rows are often sorted by class: the lowest numbers would be those of the first."""
    alone = Clustering(np.zeros((5, 2), np.float32), np.arange(5), np.zeros(5))
    drawn = set()
    for seed in range(60):
        subset = SemDeDup().select(Pool(5, X=X, clustering=alone), budget=1, rng=np.random.default_rng(seed))
        drawn.update(subset.indices.tolist())
    assert drawn == {0, 1, 2, 3, 4}
