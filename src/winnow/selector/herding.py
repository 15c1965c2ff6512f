"""Keep rows whose running mean direction follows that of all rows.

Row t + 1 is the one that brings the sum of the kept rows closest to t + 1 times the mean, so that errors are
corrected as they arise and the kept mean converges like 1/t, where random rows reach 1/sqrt(t). Rows are
scaled to length 1 first, as published: without that, short rows, which lie near the overall mean, change
the sum least and are kept first. A mean says little about data with many modes: expect a result close to
random at best.

Reference: Welling, "Herding dynamical weights to learn", ICML 2009; in the form of Rebuffi et al.,
"iCaRL", CVPR 2017, algorithm 4. https://arxiv.org/abs/1611.07725
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from winnow.geometry.distance import product_rounding, squared_distances
from winnow.pool import Pool, Scale
from winnow.selector._cost import seconds_of_looks, warn_if_large, warn_if_long
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class Herding(Selector):
    """Select argmin |(t + 1) mean - sum of the kept - row| over rows of length 1, without clusters.

    Nothing is random. A kept row is never kept again; budgets nest. A row of length 0 stays what it is.
    The time grows with n times budget, the memory with n.

    Examples
    --------
    >>> pool = Pool(3, X=np.float32([[7, 0], [3, 4], [0, 5]]))  # the mean points near (3, 4)
    >>> Herding().select(pool, budget=1, rng=np.random.default_rng(0)).indices
    array([1])
    """

    needs = frozenset({"X"})

    def warn_of_cost(self, scale: Scale) -> None:
        warn_if_large(scale, copies=2)
        what = f"looking at all {scale.n:,} rows for each of {scale.budget:,}"
        warn_if_long(seconds_of_looks(scale), what, "selector=random, which comes to much the same")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        kept: list[int] = []
        lengths = np.linalg.norm(pool.X, axis=1, keepdims=True)
        directions = pool.X / np.where(lengths > 0, lengths, 1)
        mean = directions.mean(axis=0, dtype=np.float64)
        half_squares = np.einsum("nd,nd->n", directions, directions) / 2
        wanted = mean.copy()
        free = np.ones(pool.n, dtype=bool)
        while len(kept) < budget:
            # |wanted - row|^2 / 2 less a constant, in single precision; what is too close to call, in double.
            losses = half_squares - directions @ wanted.astype(np.float32)
            margin = 2 * product_rounding(pool.X.shape[1]) * (1 + float(np.linalg.norm(wanted)))
            close = np.flatnonzero((losses <= losses.min(where=free, initial=np.inf) + margin) & free)
            kept.append(int(close[squared_distances(directions[close], wanted).argmin()]))
            free[kept[-1]] = False
            wanted += mean - directions[kept[-1]]
        return Subset.of(np.array(kept, dtype=np.int64))
