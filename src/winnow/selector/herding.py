"""Keep rows whose running mean direction follows that of all rows.

Row t + 1 is the one that brings the sum of the kept rows closest to t + 1 times the mean, so errors are
made good as they arise and the kept mean converges like 1/t, where random rows manage 1/sqrt(t). Rows are
scaled to length 1 first, as published: without that, short rows, which sit in the middle of everything,
change the sum least and are kept first. A mean is little to know about data with many modes: expect a
result close to random at best.

Reference: Welling, "Herding dynamical weights to learn", ICML 2009; in the form of Rebuffi et al.,
"iCaRL", CVPR 2017, algorithm 4. https://arxiv.org/abs/1611.07725
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
class Herding(Selector):
    """Select argmin |(t + 1) mean - sum of the kept - row| over rows of length 1, blind to clusters.

    Nothing is random. A kept row is never kept again; budgets nest. A row of length 0 stays what it is.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.float32([[7, 0], [3, 4], [0, 5]]), np.zeros(3, int)  # the mean points near (3, 4)
    >>> Herding().select(X, y, None, budget=1, rng=np.random.default_rng(0)).indices
    array([1])
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
        lengths = np.linalg.norm(X, axis=1, keepdims=True)
        directions = X / np.where(lengths > 0, lengths, 1)
        mean = directions.mean(axis=0, dtype=np.float64)
        wanted = mean.copy()
        while len(kept) < budget:
            squares = squared_distances(directions, wanted)
            squares[kept] = np.inf
            kept.append(int(squares.argmin()))
            wanted += mean - directions[kept[-1]]
        return Subset.of(np.array(kept, dtype=np.int64))
