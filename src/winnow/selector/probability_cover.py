"""Keep rows whose neighbourhoods cover the most rows: ProbCover.

A kept row covers the ball of some radius around it; each step keeps the row whose ball holds the most rows
not yet covered. Dense regions get a row first, one each, and outliers never: expect it to win where labels
are few and to fall below random at large budgets.

The radius matters; the paper finds it from the purity of the balls, which takes an estimate of the classes.
The rule here needs none: the radius at which a typical ball holds n / budget rows, so that as many balls
as there are rows to keep would just hold all rows if they did not overlap.

Reference: Yehuda et al., "Active learning through a covering lens", NeurIPS 2022, algorithm 1.
https://arxiv.org/abs/2205.11320
"""

from dataclasses import dataclass
from math import ceil
from typing import Annotated

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field
from threadpoolctl import threadpool_limits

from winnow.geometry.pairs import TILE, Pairs
from winnow.geometry.reach import reaches
from winnow.pool import Pool, Scale
from winnow.selector._cost import seconds_of_all_pairs, warn_if_large, warn_if_long
from winnow.selector._quota import check_budget, top_up
from winnow.stages import Selector
from winnow.types import Subset

_ROWS_AT_ONCE = 255  # as many as a byte can count
_SAMPLE = 500


@dataclass(frozen=True)
class ProbabilityCover(Selector):
    """Select rows by greedy cover with balls of one radius, without clusters.

    Balls that hold equally many rows, as late ones do, are taken in random order. Once all rows are covered,
    the rest of the budget is drawn uniformly (`topped_up`). The time grows with n^2 for any budget at which
    most rows are covered; the memory with n.

    Parameters
    ----------
    radius : float or None
        Radius of the balls, in units of the embedding. By default the median over sampled rows of the
        distance to their ceil(n / budget)-th nearest row, themselves included.

    Examples
    --------
    >>> pool = Pool(4, X=np.float32([[0], [1], [2], [9]]))
    >>> selector = ProbabilityCover(radius=1.0)
    >>> selector.select(pool, budget=2, rng=np.random.default_rng(0)).indices
    array([1, 3])
    """

    radius: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    needs = frozenset({"X"})

    def warn_of_cost(self, scale: Scale) -> None:
        warn_if_large(scale, copies=4)
        what = f"comparing all pairs of {scale.n:,} rows twice"
        instead = "selector=typicality, which compares within clusters"
        warn_if_long(2 * seconds_of_all_pairs(scale), what, instead)

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        radius = self.radius if self.radius is not None else _radius(pool.X, max(budget, 1), rng)
        order = rng.permutation(pool.n)
        with threadpool_limits(1):
            kept = order[_cover(_Balls.of(pool.X[order], radius), budget)].tolist()
        rows = top_up(kept, pool.n, budget, rng)
        return Subset.of(rows, {"radius": radius, "topped_up": budget - len(kept)})


@dataclass(frozen=True)
class _Balls:
    """Says which rows lie in which balls, a tile at a time: all pairs would not fit into memory.

    A row whose distance single precision cannot tell from the radius lies within, so that duplicates share
    every ball, and pairs at the same distance as the one that gave the radius.
    """

    pairs: Pairs  # whose products are at most 0 within a ball

    @classmethod
    def of(cls, X: ndarray, radius: float) -> "_Balls":
        pairs = Pairs.of(X, lowered=True)
        return cls(Pairs(Pairs.less(pairs.left, radius**2 / 2), pairs.right))

    def around(self, row: int) -> Bool[ndarray, " n"]:
        return self.pairs.right @ self.pairs.left[row] <= 0

    def holding(self, rows: Int64[ndarray, " m"]) -> Int64[ndarray, " n"]:
        """Count for each ball how many of `rows` it holds."""
        left, right = self.pairs.left[rows], self.pairs.right
        counts = np.zeros(len(right), dtype=np.int64)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            block = left[start : start + _ROWS_AT_ONCE]
            for first in range(0, len(right), TILE):
                within = block @ right[first : first + TILE].T <= 0
                counts[first : first + TILE] += within.view(np.uint8).sum(axis=0, dtype=np.uint8)
        return counts


def _cover(balls: _Balls, budget: int) -> Int64[ndarray, " kept"]:
    """Keep the fullest ball until the budget is spent or all rows are covered.

    A row leaves the count of all balls that hold it once, when it is covered: no more than one pass over all
    pairs, however many rows are kept.
    """
    kept: list[int] = []
    uncovered = np.ones(len(balls.pairs.right), dtype=bool)
    gains = balls.holding(np.arange(len(balls.pairs.right)))
    while len(kept) < budget and uncovered.any():
        row = int(gains.argmax())
        covered = uncovered & balls.around(row)
        covered[row] = uncovered[row]
        gains -= balls.holding(np.flatnonzero(covered))
        gains[row] = -1  # kept: below any other
        uncovered &= ~covered
        kept.append(row)
    return np.array(kept, dtype=np.int64)


def _radius(X: ndarray, budget: int, rng: Generator) -> float:
    sample = rng.choice(len(X), min(_SAMPLE, len(X)), replace=False)
    return float(np.median(reaches(X, sample, ceil(len(X) / budget) - 1)))
