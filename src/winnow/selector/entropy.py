"""Keep the rows about which the trained network is most undecided between all classes.

    score = -sum over classes of p log p, at the last epoch

A classic of active learning: what the network knows for sure teaches it nothing more. Expect it to lose to
a uniform subset at small budgets, where all that is kept lies on borders (MNIST, 600 of 60,000 images: 73 %
against 96 %, n=3), and to be blind to confident mistakes: a mislabelled row that the network is sure of
scores low.

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
class Entropy(Scored):
    """Select by the entropy of the prediction, the highest first.

    Examples
    --------
    >>> import numpy as np
    >>> rng, X, y = np.random.default_rng(0), np.empty((3, 0), np.float32), np.array([0, 0, 0])
    >>> seen = Dynamics(np.float32([[[4, 0], [1, 0], [0, 2]]]))
    >>> Entropy().select(X, y, None, budget=1, rng=rng, dynamics=seen).indices
    array([1])
    """

    def difficulty(self, dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        return scores.entropy(dynamics)
