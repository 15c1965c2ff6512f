"""Keep a uniform random subset of all rows, blind to clusters: the baseline.

Every other selector must beat this one to be worth its cost, and many published ones do not. It loses
where a small subset misses a rare kind of row by chance.

Budgets nest: the rows kept at 600 are among those kept at 1,200 from the same stream, so an accuracy that
rises with the budget does so because of the rows added.

Reference: Guo, Zhao and Bai, "DeepCore: a comprehensive library for coreset selection in deep learning",
DEXA 2022, which finds random selection to be still a strong baseline. https://arxiv.org/abs/2204.08499
"""

from dataclasses import dataclass

from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Uniform(Selector):
    """Select the first `budget` rows of one random permutation.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.zeros((5, 1), np.float32), np.zeros(5, int)
    >>> len(Uniform().select(X, y, None, budget=3, rng=np.random.default_rng(0)))
    3
    """

    needs_clustering = False

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
        return Subset.of(rng.permutation(len(X))[:budget])
