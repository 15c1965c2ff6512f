"""Keep the rows whose best guess the trained network believes in least.

    score = 1 - largest p, at the last epoch

With two classes it ranks as `margin` and `entropy` do; with more it stands between them. Expect it to lose
to a uniform subset at small budgets and under label noise, as they do (MNIST, 600 of 60,000 images: 73 %
against 96 %, n=3).

Reference: Coleman et al., "Selection via proxy: efficient data selection for deep learning", ICLR 2020,
section 3. https://arxiv.org/abs/1906.11829
"""

from dataclasses import dataclass

from jaxtyping import Float64, Int64
from numpy import ndarray

from winnow.selector import _scores as scores
from winnow.selector._scored import Scored
from winnow.types import Dynamics


@dataclass(frozen=True)
class LeastConfidence(Scored):
    """Select by the probability of the best guess, the lowest first.

    Examples
    --------
    >>> import numpy as np
    >>> rng, X, y = np.random.default_rng(0), np.empty((3, 0), np.float32), np.array([0, 0, 0])
    >>> seen = Dynamics(np.float32([[[4, 0], [1, 0], [0, 2]]]))
    >>> LeastConfidence().select(X, y, None, budget=1, rng=rng, dynamics=seen).indices
    array([1])
    """

    def difficulty(self, dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        return scores.least_confidence(dynamics)
