"""Keep the rows whose error stays large while the network learns: EL2N.

    score = mean over epochs of |p - onehot(y)|

The length of the error vector bounds the pull of a row on the weights, so rows that keep a long one are
those the network has most to learn from. Expect it to win where half of the data are kept, and to lose to
a uniform subset, badly, where few are: the rows of the largest error are the odd and the mislabelled ones
(MNIST, 600 of 60,000 images: 53 % against 96 %, n=3). Other samplers keep away from these: there, with
`quota=class`, `middle` comes to 95.8 %, `strata` to 90 % and `bottom` to 87 %.

Reference: Paul, Ganguli and Dziugaite, "Deep learning on a data diet: finding important examples early in
training", NeurIPS 2021, definition 2.2. https://arxiv.org/abs/2107.07075 - with the mean over ten networks
where this has the mean over the epochs of one.
"""

from dataclasses import dataclass

from jaxtyping import Float64, Int64
from numpy import ndarray

from winnow.selector import _scores as scores
from winnow.selector._scored import Scored
from winnow.types import Dynamics


@dataclass(frozen=True)
class EL2N(Scored):
    """Select by the length of the error vector, the longest first.

    Examples
    --------
    >>> import numpy as np
    >>> rng, X, y = np.random.default_rng(0), np.empty((3, 0), np.float32), np.array([0, 0, 0])
    >>> seen = Dynamics(np.float32([[[4, 0], [1, 0], [0, 2]]]))  # rows 0 and 1 are right
    >>> EL2N().select(X, y, None, budget=1, rng=rng, dynamics=seen).indices
    array([2])
    """

    def difficulty(self, dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        return scores.el2n(dynamics, y)
