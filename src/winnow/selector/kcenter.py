"""Keep a cover: always the row furthest from all rows kept so far.

The greedy k-center choice keeps the largest distance from any row to its nearest kept row within twice the
least possible. Nothing is left unrepresented, but density counts for nothing and outliers come first:
expect it to be disastrous at small budgets (MNIST at 600 rows: 3 to 14 points below random) and useful
where rare rows are wanted, not noise.

Reference: Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985; as a core-set for
networks, Sener and Savarese, ICLR 2018. https://arxiv.org/abs/1708.00489
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.geometry.distance import squared_distances
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class KCenter(Selector):
    """Select rows by farthest-first traversal from a random row, blind to clusters.

    Once only duplicates of kept rows are left, the lowest row numbers fill the budget (`topped_up`).
    Budgets nest.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.float32([[0], [1], [2], [9]]), np.zeros(4, int)
    >>> 3 in KCenter().select(X, y, None, budget=2, rng=np.random.default_rng(0)).indices
    True
    """

    needs_clustering = False
    needs_embedding = True

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering | None,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        check_budget(budget, len(X))
        kept: list[int] = []
        topped_up = 0
        squares = np.full(len(X), np.inf)
        row = int(rng.integers(len(X)))
        while len(kept) < budget:
            topped_up += int(squares[row] == 0)
            kept.append(row)
            np.minimum(squares, squared_distances(X, X[row]), out=squares)
            squares[kept] = -1  # below the 0 of a duplicate
            row = int(squares.argmax())
        return Subset.of(np.array(kept, dtype=np.int64), {"topped_up": topped_up})
