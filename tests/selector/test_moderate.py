import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.moderate import Moderate


def kept(points, y, budget):
    X, rng = np.float32(points)[:, None], np.random.default_rng(0)
    return Moderate().select(Pool(len(X), X=X, y=np.array(y)), budget=budget, rng=rng).indices.tolist()


@pytest.mark.parametrize(("budget", "rows"), [(1, [3]), (3, [0, 1, 3]), (4, [0, 1, 2, 3])])
def test_neither_the_centre_nor_the_outlier_is_kept_first(budget, rows):
    # The centre is 10, the distances are 4, 1, 0, 3, 90 and their median 3.
    assert kept([6, 9, 10, 13, 100], [0] * 5, budget) == rows


def test_every_class_has_its_own_centre_and_its_share():
    points = [0, 1, 2, 3, 100, 101, 102, 103]
    rows = kept(points, [0, 0, 0, 0, 1, 1, 1, 1], 4)
    assert sum(row < 4 for row in rows) == 2


def test_a_class_of_one_and_a_missing_class_are_no_obstacle():
    assert kept([0, 1, 2, 50], [0, 0, 0, 2], 4) == [0, 1, 2, 3]
