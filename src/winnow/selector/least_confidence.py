"""Keep the rows for which the trained network gives its best guess the lowest probability.

    score = 1 - largest p, at the last epoch

With two classes it ranks as `margin` and `entropy` do; with more its ranking lies between theirs. Expect it
to lose to a uniform subset at small budgets and under label noise, as they do (MNIST, 600 of 60,000 images:
73 % against 96 %, n=3).

Reference: Coleman et al., "Selection via proxy: efficient data selection for deep learning", ICLR 2020,
section 3. https://arxiv.org/abs/1906.11829
"""

from dataclasses import dataclass

from jaxtyping import Float64
from numpy import ndarray

from winnow.pool import Pool
from winnow.selector import _dynamics_scores as scores
from winnow.selector._by_difficulty import ByDifficulty


@dataclass(frozen=True)
class LeastConfidence(ByDifficulty):
    """Select by the probability of the best guess, the lowest first.

    Examples
    --------
    >>> import numpy as np
    >>> from winnow.types import Dynamics
    >>> dynamics = Dynamics(np.float32([[[4, 0], [1, 0], [0, 2]]]))
    >>> pool = Pool(3, y=np.zeros(3, int), dynamics=dynamics)
    >>> LeastConfidence().select(pool, budget=1, rng=np.random.default_rng(0)).indices
    array([1])
    """

    def difficulty(self, pool: Pool) -> Float64[ndarray, " n"]:
        return scores.least_confidence(pool.dynamics)
