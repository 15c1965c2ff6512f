"""Keep rows that are difficult and uncertain, and easier ones the fewer are kept: DUAL.

    score = mean over windows of epochs of (1 - mean p_y) * std p_y

The first factor is high where the network gets the row wrong, the second where its answer varies, which it
does not for rows that are never learnt: so the two kinds are separated within a few epochs. Rows are then
drawn with probability score x Beta density of their mean p_y, whose peak moves to easier rows as more are
pruned. Expect it to lose to a uniform subset at very small budgets on easy data: where p_y is near 1 for
almost all rows, the few others have all of the score. On MNIST, 600 of 60,000 images, it was 0.4 and 1.0
points ahead of uniform in two repetitions and 2.7 behind in the third, which all but missed a class.

Reference: Cho, Shin, Kang and Yun, "Lightweight dataset pruning without full training via example
difficulty and prediction uncertainty", ICML 2025, sections 3.2 and 3.3. https://arxiv.org/abs/2502.06905 -
with windows of 10 out of 30 epochs; the training here is shorter, and so are the windows.
"""

from dataclasses import dataclass
from typing import Annotated

from jaxtyping import Float64
from numpy import ndarray
from pydantic import Field

from winnow.pool import Pool
from winnow.selector import _dynamics_scores as scores
from winnow.selector._by_difficulty import ByDifficulty
from winnow.selector._difficulty_sampling import Sampler


@dataclass(frozen=True)
class DUAL(ByDifficulty):
    """Select by chance, in proportion to difficulty times uncertainty and DUAL's Beta density.

    Parameters
    ----------
    sampler : {"beta", "top", "bottom", "middle", "strata", "softmax"}
        Which rows to keep by their score; the method is `beta`.
    window : int
        Epochs in a row over which mean and deviation are taken.

    Examples
    --------
    >>> import numpy as np
    >>> from winnow.types import Dynamics
    >>> easy, uncertain, never_learnt = [[9, 0], [9, 0]], [[0, 1], [1, 0]], [[0, 9], [0, 9]]
    >>> logits = np.float32([easy, uncertain, never_learnt]).transpose(1, 0, 2)
    >>> pool = Pool(3, y=np.zeros(3, int), dynamics=Dynamics(logits))
    >>> DUAL().select(pool, budget=1, rng=np.random.default_rng(0)).indices
    array([1])
    """

    sampler: Sampler = "beta"
    window: Annotated[int, Field(ge=2)] = 5

    def difficulty(self, pool: Pool) -> Float64[ndarray, " n"]:
        return scores.dual(pool.dynamics, pool.y, self.window)
