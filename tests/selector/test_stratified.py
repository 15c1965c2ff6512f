import numpy as np

from winnow.pool import Pool
from winnow.selector.stratified import Stratified


def kept_per_class(y, budget):
    kept = (
        Stratified().select(Pool(len(y), y=np.array(y)), budget=budget, rng=np.random.default_rng(0)).indices
    )
    return np.bincount(np.array(y)[kept], minlength=max(y) + 1).tolist()


def test_classes_keep_their_shares():
    assert kept_per_class([0] * 60 + [1] * 30 + [2] * 10, budget=10) == [6, 3, 1]


def test_a_remainder_goes_to_the_largest_fraction():
    assert kept_per_class([0] * 5 + [1] * 3 + [2] * 2, budget=4) == [2, 1, 1]


def test_a_class_without_rows_is_no_obstacle():
    assert kept_per_class([0, 0, 2, 2], budget=2) == [1, 0, 1]
