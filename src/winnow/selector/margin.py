"""Keep the rows for which the trained network hardly prefers its first choice to its second.

    score = largest p - second largest p, at the last epoch; low is hard

Unlike `entropy` it does not ask how the rest is spread: rows torn between two classes come first. Expect
it to lose to a uniform subset at small budgets, for the same reason (MNIST, 600 of 60,000 images: 75 %
against 96 %, n=3); implementations that keep the large
margins by mistake keep the easiest rows, which here is `sampler=bottom`.

Reference: Coleman et al., "Selection via proxy: efficient data selection for deep learning", ICLR 2020;
Scheffer, Decomain and Wrobel, "Active hidden Markov models for information extraction", IDA 2001.
https://arxiv.org/abs/1906.11829
"""

from dataclasses import dataclass

from jaxtyping import Float64, Int64
from numpy import ndarray

from winnow.selector import _scores as scores
from winnow.selector._scored import Scored
from winnow.types import Dynamics


@dataclass(frozen=True)
class Margin(Scored):
    """Select by the margin between the two most probable classes, the smallest first.

    Examples
    --------
    >>> import numpy as np
    >>> rng, X, y = np.random.default_rng(0), np.empty((3, 0), np.float32), np.array([0, 0, 0])
    >>> seen = Dynamics(np.float32([[[4, 0], [1, 0], [0, 2]]]))
    >>> Margin().select(X, y, None, budget=1, rng=rng, dynamics=seen).indices
    array([1])
    """

    def difficulty(self, dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        return -scores.margin(dynamics)
