"""Keep a random subset in which every class has its share of the rows.

The fair baseline for selectors that read labels: chance has no part in how many rows each class gets. It
gains where a class could be missed altogether (MNIST: 2 to 5 points up to 100 rows, nothing from 200 on).
Because it reads the label of every row, it cannot be used where labelling is what costs.

Reference: Cochran, "Sampling techniques", 3rd edition, 1977, chapter 5 (proportional allocation).
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from winnow.pool import Pool
from winnow.selector._quota import lowest_per_cluster, proportional_quotas
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class Stratified(Selector):
    """Select rows at random within classes, in proportion to class size (largest remainder).

    A class whose share rounds to zero is left out. The time grows with n log n, whatever the budget; the
    memory with n.

    Examples
    --------
    >>> y = np.array([0, 0, 0, 0, 1, 1])
    >>> kept = Stratified().select(Pool(6, y=y), budget=3, rng=np.random.default_rng(0))
    >>> y[kept.indices]
    array([0, 0, 1])
    """

    needs = frozenset({"y"})

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        quotas = proportional_quotas(np.bincount(pool.y), budget)
        return Subset.of(lowest_per_cluster(rng.random(pool.n), pool.y, quotas))
