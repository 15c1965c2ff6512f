import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.prototype import Prototype
from winnow.types import Clustering

# Angles to the own centroid: 0, 45 and 90 degrees, and 0 and 27 degrees.
X = np.float32([[5, 0], [1, 1], [0, 2], [0, 1], [-1, 2]])
CLUSTERING = Clustering(np.float32([[1, 0], [0, 3]]), np.array([0, 0, 0, 1, 1]), np.zeros(5))


def kept(selector, budget, X=X):
    pool = Pool(len(X), X=X, clustering=CLUSTERING)
    subset = selector.select(pool, budget=budget, rng=np.random.default_rng(0))
    return subset.indices.tolist()


@pytest.mark.parametrize(("end", "rows"), [("hard", [2, 4]), ("easy", [0, 3])])
def test_each_end_by_hand(end, rows):
    assert kept(Prototype(end), 2) == rows


@pytest.mark.parametrize(("end", "rows"), [("hard", [1, 2]), ("easy", [0, 3])])
def test_without_quotas_the_whole_set_is_ranked(end, rows):
    assert kept(Prototype(end, per_cluster=False), 2) == rows


def test_length_plays_no_part():
    lengths = np.float32([7, 0.1, 3, 2, 9])[:, None]
    assert kept(Prototype(), 3, X * lengths) == kept(Prototype(), 3)


def test_a_row_without_direction_counts_as_a_right_angle():
    flat = X.copy()
    flat[0] = 0
    assert kept(Prototype(), 2, flat) == [0, 4]  # as hard as row 2, and lower
