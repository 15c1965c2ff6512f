import numpy as np

from winnow.pool import Pool
from winnow.selector.drop import DRoP
from winnow.types import Dynamics

# 40 rows of each class; of class 0 a tenth are wrong, of class 1 three tenths, of class 2 none.
Y = np.repeat([0, 1, 2], 40)
WRONG = np.arange(120) % 40 < np.repeat([4, 12, 0], 40)


def kept(budget, seed=0, wrong=WRONG):
    logits = np.zeros((1, 120, 3), np.float32)
    logits[0, np.arange(120), np.where(wrong, (Y + 1) % 3, Y)] = 1
    pool = Pool(120, y=Y, dynamics=Dynamics(logits))
    return DRoP().select(pool, budget=budget, rng=np.random.default_rng(seed))


def test_harder_classes_keep_more():
    assert kept(20).provenance == {"class_quotas": [5, 15, 0]}
    assert np.bincount(Y[kept(20).indices], minlength=3).tolist() == [5, 15, 0]


def test_a_class_that_is_full_leaves_the_rest_to_the_others():
    assert kept(60).provenance["class_quotas"] == [20, 40, 0]
    assert kept(100).provenance["class_quotas"] == [40, 40, 20]


def test_without_errors_shares_are_in_proportion():
    assert kept(30, wrong=np.zeros(120, bool)).provenance["class_quotas"] == [10, 10, 10]


def test_within_a_class_chance_decides_and_errors_do_not():
    drawn = np.bincount(np.concatenate([kept(20, seed).indices for seed in range(300)]), minlength=120)
    of_class_1 = drawn[40:80]
    assert of_class_1.min() > 70  # 300 * 15 / 40 is 112
    assert abs(of_class_1[:12].mean() - of_class_1[12:].mean()) < 15
