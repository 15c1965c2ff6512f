"""Keep the rows for which the trained network hardly prefers its first choice to its second.

    score = largest p - second largest p, at the last epoch; low is hard

Unlike `entropy` it does not depend on how the rest is spread: rows between two classes come first. Expect it
to lose to a uniform subset at small budgets, for the same reason (MNIST, 600 of 60,000 images: 75 % against
96 %, n=3). Implementations that keep the large margins by mistake keep the easiest rows, which here is
`sampler=bottom`.

Reference: Coleman et al., "Selection via proxy: efficient data selection for deep learning", ICLR 2020;
Scheffer, Decomain and Wrobel, "Active hidden Markov models for information extraction", IDA 2001.
https://arxiv.org/abs/1906.11829
"""

from dataclasses import dataclass

from jaxtyping import Float64
from numpy import ndarray

from winnow.pool import Pool
from winnow.selector import _dynamics_scores as scores
from winnow.selector._by_difficulty import ByDifficulty


@dataclass(frozen=True)
class Margin(ByDifficulty):
    """Select by the margin between the two most probable classes, the smallest first.

    Examples
    --------
    >>> import numpy as np
    >>> from winnow.types import Dynamics
    >>> dynamics = Dynamics(np.float32([[[4, 0], [1, 0], [0, 2]]]))
    >>> pool = Pool(3, y=np.zeros(3, int), dynamics=dynamics)
    >>> Margin().select(pool, budget=1, rng=np.random.default_rng(0)).indices
    array([1])
    """

    def difficulty(self, pool: Pool) -> Float64[ndarray, " n"]:
        return -scores.margin(pool.dynamics)
