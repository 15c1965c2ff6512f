"""Keep a uniform random subset of all rows, without clusters: the baseline.

Every other selector must beat this one to be worth its cost, and many published ones do not. It loses
where a small subset misses a rare kind of row by chance.

Budgets nest: the rows kept at 600 are among those kept at 1,200 from the same stream, so an accuracy that
rises with the budget does so because of the rows added.

Reference: Guo, Zhao and Bai, "DeepCore: a comprehensive library for coreset selection in deep learning",
DEXA 2022, which finds random selection to be still a strong baseline. https://arxiv.org/abs/2204.08499
"""

from dataclasses import dataclass

from numpy.random import Generator

from winnow.pool import Pool
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class Uniform(Selector):
    """Select the first `budget` rows of one random permutation.

    The time grows with n, whatever the budget; the memory with n.

    Examples
    --------
    >>> import numpy as np
    >>> len(Uniform().select(Pool(5), budget=3, rng=np.random.default_rng(0)))
    3
    """

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        return Subset.of(rng.permutation(pool.n)[:budget])
