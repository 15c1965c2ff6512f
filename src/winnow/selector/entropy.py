"""Keep the rows for which the trained network is least certain between all classes.

    score = -sum over classes of p log p, at the last epoch

A classic of active learning: what the network knows for sure teaches it nothing more. Expect it to lose to
a uniform subset at small budgets, where all that is kept lies on class boundaries (MNIST, 600 of 60,000
images: 73 % against 96 %, n=3), and to miss confident mistakes: a mislabelled row about which the network is
certain scores low.

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
class Entropy(ByDifficulty):
    """Select by the entropy of the prediction, the highest first.

    Examples
    --------
    >>> import numpy as np
    >>> from winnow.types import Dynamics
    >>> dynamics = Dynamics(np.float32([[[4, 0], [1, 0], [0, 2]]]))
    >>> pool = Pool(3, y=np.zeros(3, int), dynamics=dynamics)
    >>> Entropy().select(pool, budget=1, rng=np.random.default_rng(0)).indices
    array([1])
    """

    def difficulty(self, pool: Pool) -> Float64[ndarray, " n"]:
        return scores.entropy(pool.dynamics)
