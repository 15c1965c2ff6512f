"""Keep the rows whose loss has the largest gradient early in training: GraNd.

    score = |gradient of the row's loss by all weights|, after the first epoch of the dynamics run

The norm bounds how much leaving the row out could change any other row's loss in one step. It takes one
gradient for each row, which with LeNet-5 costs as much as three epochs; `el2n` is a cheap approximation and
ranks much alike. Expect it to lose where `el2n` loses, at small budgets (MNIST, 600 of 60,000 images: 57 %
against 96 %, n=3), and to be noisier, since it is taken only once.

Reference: Paul, Ganguli and Dziugaite, "Deep learning on a data diet: finding important examples early in
training", NeurIPS 2021, definition 2.1. https://arxiv.org/abs/2107.07075 - at initialisation, where the
paper also took it, others could not reproduce its results.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from winnow.pool import Pool
from winnow.selector._by_difficulty import ByDifficulty


@dataclass(frozen=True)
class GraNd(ByDifficulty):
    """Select by the norm of the gradient, the largest first.

    Its dynamics run is one of its own, which ends where the gradients are taken.

    Examples
    --------
    >>> from winnow.types import Dynamics
    >>> dynamics, norms = Dynamics(np.zeros((1, 3, 2), np.float32)), np.float32([0.1, 2.0, 0.5])
    >>> pool = Pool(3, y=np.zeros(3, int), dynamics=dynamics, gradient_norms=norms)
    >>> GraNd().select(pool, budget=1, rng=np.random.default_rng(0)).indices
    array([1])
    """

    needs = ByDifficulty.needs | {"gradient_norms"}

    def difficulty(self, pool: Pool) -> Float64[ndarray, " n"]:
        return pool.gradient_norms.astype(np.float64)
