"""Keep the rows whose error stays large while the network learns: EL2N.

    score = mean over epochs of |p - onehot(y)|

The length of the error vector bounds the effect of a row on the weights, so the network has most to learn
from rows that keep a long one. Expect it to win where half of the data are kept, and to lose to a uniform
subset, badly, where few are: the rows of the largest error are outliers and mislabelled ones (MNIST, 600 of
60,000 images: 53 % against 96 %, n=3). Other samplers avoid these: there, with `quota=class`, `middle` comes
to 95.8 %, `strata` to 90 % and `bottom` to 87 %.

Reference: Paul, Ganguli and Dziugaite, "Deep learning on a data diet: finding important examples early in
training", NeurIPS 2021, definition 2.2. https://arxiv.org/abs/2107.07075 - with the mean over ten networks
where this has the mean over the epochs of one.
"""

from dataclasses import dataclass

from jaxtyping import Float64
from numpy import ndarray

from winnow.pool import Pool
from winnow.selector import _dynamics_scores as scores
from winnow.selector._by_difficulty import ByDifficulty


@dataclass(frozen=True)
class EL2N(ByDifficulty):
    """Select by the length of the error vector, the longest first.

    Examples
    --------
    >>> import numpy as np
    >>> from winnow.types import Dynamics
    >>> dynamics = Dynamics(np.float32([[[4, 0], [1, 0], [0, 2]]]))  # rows 0 and 1 are right
    >>> pool = Pool(3, y=np.zeros(3, int), dynamics=dynamics)
    >>> EL2N().select(pool, budget=1, rng=np.random.default_rng(0)).indices
    array([2])
    """

    def difficulty(self, pool: Pool) -> Float64[ndarray, " n"]:
        return scores.el2n(pool.dynamics, pool.y)
