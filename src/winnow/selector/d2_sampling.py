"""Keep a random subset that is spread out: each row is drawn by its squared distance from the kept rows.

This is how k-means++ starts: a random row, then rows that no kept row is close to. Because rows are drawn by
chance, outliers do not come first as in `kcenter`; because distances count, the same is not drawn twice.
Expect a small gain over random at middling budgets (MNIST at 600 rows: +0.3, not significant) and a loss
on data with many outliers, which are far from everything.

Reference: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007. Not to be
confused with the D2 pruning of Maharana et al.
"""

from dataclasses import dataclass

from numpy.random import Generator

from winnow.geometry.spread import draw_by_distance
from winnow.pool import Pool, Scale
from winnow.selector._cost import seconds_of_looks_in_blocks, warn_if_long
from winnow.selector._quota import check_budget, top_up
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class D2Sampling(Selector):
    """Select rows by k-means++ sampling, without clusters.

    Once only duplicates of kept rows are left, the rest of the budget is drawn from them uniformly
    (`topped_up`). Budgets nest, duplicates apart. The time grows with n times budget, the memory with n.

    Examples
    --------
    >>> import numpy as np
    >>> pool = Pool(4, X=np.float32([[0], [0], [0], [9]]))
    >>> 3 in D2Sampling().select(pool, budget=2, rng=np.random.default_rng(0)).indices
    True
    """

    needs = frozenset({"X"})

    def warn_of_cost(self, scale: Scale) -> None:
        what = f"looking at all {scale.n:,} rows for each of {scale.budget:,}"
        warn_if_long(seconds_of_looks_in_blocks(scale), what, "selector=random, or a smaller budget")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        drawn = draw_by_distance(pool.X, budget, rng)
        return Subset.of(top_up(drawn.tolist(), pool.n, budget, rng), {"topped_up": budget - len(drawn)})
