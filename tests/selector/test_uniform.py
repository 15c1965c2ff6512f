from itertools import pairwise

import numpy as np

from winnow.pool import Pool
from winnow.selector.uniform import Uniform


def kept(n, budget, seed=0):
    return Uniform().select(Pool(n), budget=budget, rng=np.random.default_rng(seed)).indices


def test_budgets_nest():
    nested = [set(kept(100, budget).tolist()) for budget in (10, 11, 50, 100)]
    assert all(small < large for small, large in pairwise(nested))


def test_every_row_is_equally_likely():
    counts = sum(np.bincount(kept(6, 2, seed), minlength=6) for seed in range(1200))
    assert np.abs(counts - 400).max() < 5 * np.sqrt(1200 * (1 / 3) * (2 / 3))
