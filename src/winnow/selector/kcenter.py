"""Keep a cover: always the row furthest from all rows kept so far.

The greedy k-center choice keeps the largest distance from any row to its nearest kept row within twice the
least possible. Every region is represented, but density counts for nothing and outliers come first: expect
it to lose badly at small budgets (MNIST at 600 rows: 3 to 14 points below random) and to be useful where
rare rows are wanted and there is no noise.

Reference: Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985; as a core-set for
networks, Sener and Savarese, ICLR 2018. https://arxiv.org/abs/1708.00489
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from winnow.geometry.spread import farthest_first
from winnow.pool import Pool, Scale
from winnow.selector._cost import seconds_of_looks_in_blocks, warn_if_long
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class KCenter(Selector):
    """Select rows by farthest-first traversal from a random row, without clusters.

    Once only duplicates of kept rows are left, the lowest row numbers fill the budget (`topped_up`).
    Budgets nest. The time grows with n times budget, the memory with n.

    Examples
    --------
    >>> pool = Pool(4, X=np.float32([[0], [1], [2], [9]]))
    >>> 3 in KCenter().select(pool, budget=2, rng=np.random.default_rng(0)).indices
    True
    """

    needs = frozenset({"X"})

    def warn_of_cost(self, scale: Scale) -> None:
        what = f"looking at all {scale.n:,} rows for each of {scale.budget:,}"
        warn_if_long(seconds_of_looks_in_blocks(scale), what, "selector=furthest, or a smaller budget")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        rows, squares = farthest_first(pool.X, int(rng.integers(pool.n)), budget)
        return Subset.of(rows, {"topped_up": int(np.count_nonzero(squares == 0))})
