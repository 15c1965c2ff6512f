"""Keep the rows that are learnt and forgotten again: forgetting events.

    score = number of epochs t at which a row is right, and wrong at t + 1; never right: more than any

What is never forgotten is supported by other rows and can go; what is forgotten again and again lies at a
border. Expect it to do no better than chance where few epochs, or easy data, leave almost all rows at 0
(most of MNIST), which are then in random order, and to lose to a uniform subset at small budgets, where
rows that were never learnt come first (MNIST, 600 of 60,000 images: 55 % against 96 %, n=3).

Reference: Toneva et al., "An empirical study of example forgetting during deep neural network learning",
ICLR 2019. https://arxiv.org/abs/1812.05159 - which counts at every visit of a row instead of every epoch.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from winnow.selector import _scores as scores
from winnow.selector._scored import Scored
from winnow.types import Dynamics


@dataclass(frozen=True)
class Forgetting(Scored):
    """Select by the number of forgetting events, the most first; never learnt comes before all.

    Examples
    --------
    >>> import numpy as np
    >>> rng, X, y = np.random.default_rng(0), np.empty((3, 0), np.float32), np.array([0, 0, 0])
    >>> right, wrong = [1, 0], [0, 1]
    >>> seen = Dynamics(np.float32([[right, right, wrong], [right, wrong, wrong]]))
    >>> [Forgetting().select(X, y, None, budget=b, rng=rng, dynamics=seen).indices.tolist() for b in (1, 2)]
    [[2], [1, 2]]
    """

    def difficulty(self, dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        events = scores.forgetting(dynamics, y)
        # Fewer events than epochs are possible, so this is above them all and yet a number to sample by.
        return np.where(np.isfinite(events), events, len(dynamics.logits))
