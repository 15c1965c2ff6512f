"""Keep the rows whose loss pulls hardest on the weights early in training: GraNd.

    score = |gradient of the row's loss by all weights|, after the first epoch of the dynamics run

The norm bounds how much leaving the row out could change any other row's loss in one step. It takes one
gradient for each row, which with LeNet-5 costs as much as three epochs; `el2n` is its cheap stand-in and
ranks much alike. Expect it to lose where `el2n` loses, at small budgets (MNIST, 600 of 60,000 images: 57 %
against 96 %, n=3), and to be noisier: it looks once.

Reference: Paul, Ganguli and Dziugaite, "Deep learning on a data diet: finding important examples early in
training", NeurIPS 2021, definition 2.1. https://arxiv.org/abs/2107.07075 - at initialisation, where the
paper also looked, others could not reproduce its results.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from winnow.selector._scored import Scored
from winnow.types import Dynamics


@dataclass(frozen=True)
class GraNd(Scored):
    """Select by the norm of the gradient, the largest first.

    Its dynamics run is one of its own, which ends where the gradients are taken.

    Examples
    --------
    >>> import numpy as np
    >>> rng, X, y = np.random.default_rng(0), np.empty((3, 0), np.float32), np.array([0, 0, 0])
    >>> seen = Dynamics(np.zeros((1, 3, 2), np.float32), np.float32([0.1, 2.0, 0.5]))
    >>> GraNd().select(X, y, None, budget=1, rng=rng, dynamics=seen).indices
    array([1])
    """

    needs_gradients = True

    def difficulty(self, dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        return dynamics.gradient_norms.astype(np.float64)
