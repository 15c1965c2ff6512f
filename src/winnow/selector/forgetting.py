"""Keep the rows that are learnt and forgotten again: forgetting events.

    score = number of epochs t at which a row is right, and wrong at t + 1; never right: more than any

What is never forgotten is supported by other rows and can be left out; what is forgotten again and again
lies at a class boundary. Expect it to do no better than chance where few epochs, or easy data, leave almost
all rows at 0 (most of MNIST), which are then in random order, and to lose to a uniform subset at small
budgets, where rows that were never learnt come first (MNIST, 600 of 60,000 images: 55 % against 96 %, n=3).

Reference: Toneva et al., "An empirical study of example forgetting during deep neural network learning",
ICLR 2019. https://arxiv.org/abs/1812.05159 - which counts at every visit of a row instead of every epoch.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from winnow.pool import Pool
from winnow.selector import _dynamics_scores as scores
from winnow.selector._by_difficulty import ByDifficulty


@dataclass(frozen=True)
class Forgetting(ByDifficulty):
    """Select by the number of forgetting events, the most first; never learnt comes before all.

    Examples
    --------
    >>> from winnow.types import Dynamics
    >>> right, wrong = [1, 0], [0, 1]
    >>> dynamics = Dynamics(np.float32([[right, right, wrong], [right, wrong, wrong]]))
    >>> pool, rng = Pool(3, y=np.zeros(3, int), dynamics=dynamics), np.random.default_rng(0)
    >>> [Forgetting().select(pool, budget=budget, rng=rng).indices.tolist() for budget in (1, 2)]
    [[2], [1, 2]]
    """

    def difficulty(self, pool: Pool) -> Float64[ndarray, " n"]:
        events = scores.forgetting(pool.dynamics, pool.y)
        # Fewer events than epochs are possible, so this is above them all, and finite for the samplers.
        return np.where(np.isfinite(events), events, len(pool.dynamics.logits))
