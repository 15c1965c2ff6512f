"""Keep every row: the upper bound against which a subset is measured.

No subset can be expected to beat it given equally many rows to learn from per step and enough steps;
where one does, by dropping noise, that is worth a second look. It loses on cost alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from winnow.errors import InvalidValue
from winnow.pool import Pool
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class Full(Selector):
    """Select all rows; the only budget it can meet is their number.

    The time grows with n, which is the budget; the memory with n.

    Examples
    --------
    >>> Full().select(Pool(3), budget=3, rng=np.random.default_rng(0)).indices
    array([0, 1, 2])
    """

    keeps_everything = True

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        if budget != pool.n:
            raise InvalidValue(
                f"budget must equal the number of rows, {pool.n}, got {budget}",
                where="selector=full",
                remedy="choose another selector to keep fewer rows",
            )
        return Subset.of(np.arange(pool.n))
