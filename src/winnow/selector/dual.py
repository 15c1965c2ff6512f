"""Keep rows that are difficult and unsettled, and easier ones the fewer are kept: DUAL.

    score = mean over windows of epochs of (1 - mean p_y) * std p_y

The first factor asks whether the network gets the row wrong, the second whether it changes its mind about
it, which it does not about rows that are hopeless: so the two are told apart within a few epochs. Rows are
then drawn with probability score x Beta density of their mean p_y, whose peak moves to easier rows as more
are pruned. Expect it to lose to a uniform subset at very small budgets on easy data: where p_y is near 1
for almost all rows, the few others have all of the score. On MNIST, 600 of 60,000 images, it was 0.4 and 1.0
points ahead of uniform in two repetitions and 2.7 behind in the third, which all but missed a class.

Reference: Cho, Shin, Kang and Yun, "Lightweight dataset pruning without full training via example
difficulty and prediction uncertainty", ICML 2025, sections 3.2 and 3.3. https://arxiv.org/abs/2502.06905 -
with windows of 10 out of 30 epochs; the training here is shorter, and so are the windows.
"""

from dataclasses import dataclass
from typing import Annotated

from jaxtyping import Float64, Int64
from numpy import ndarray
from pydantic import Field

from winnow.selector import _scores as scores
from winnow.selector._sampler import Sampler
from winnow.selector._scored import Scored
from winnow.types import Dynamics


@dataclass(frozen=True)
class DUAL(Scored):
    """Select by chance, in proportion to difficulty times uncertainty and DUAL's Beta density.

    Examples
    --------
    >>> import numpy as np
    >>> rng, X, y = np.random.default_rng(0), np.empty((3, 0), np.float32), np.zeros(3, int)
    >>> seen = Dynamics(np.float32([[[9, 0], [0, 1], [0, 9]], [[9, 0], [1, 0], [0, 9]]]))
    >>> DUAL().select(X, y, None, budget=1, rng=rng, dynamics=seen).indices  # easy, unsettled, hopeless
    array([1])
    """

    sampler: Sampler = "beta"
    window: Annotated[int, Field(ge=2)] = 5

    def difficulty(self, dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        return scores.dual(dynamics, y, self.window)
