"""Keep rows of all difficulties alike, but for the hardest: coverage-centric selection.

The area under the margin (`aum`) ranks the rows; the hardest `cutoff` of them go, for they are mislabelled
or too rare to learn from few; what is left is cut into 50 strata of equal width, which share the budget
evenly and draw by chance. Made for high pruning rates, where keeping the hardest fails. Since easy rows
crowd into few strata, its subsets are harder than uniform ones: expect it to lose to these where budgets
are so small that even moderately hard rows are a luxury (MNIST, 600 of 60,000 images: 94.1 % against 96.4 %,
n=3, and far ahead of `aum` with 53 %), and on clean data, where the cut-off wastes rows.

The paper chooses the cut-off for each pruning rate, by results on the test set; here it is the same for all
budgets and was not tuned.

Reference: Zheng et al., "Coverage-centric coreset selection for high pruning rates", ICLR 2023, algorithm
1. https://arxiv.org/abs/2210.15809 - whose code takes the margin of p, where this takes that of the logits.
"""

from dataclasses import dataclass

from jaxtyping import Float64, Int64
from numpy import ndarray

from winnow.selector import _scores as scores
from winnow.selector._sampler import Sampler
from winnow.selector._scored import Scored, Share
from winnow.types import Dynamics


@dataclass(frozen=True)
class CCS(Scored):
    """Select evenly from strata of the area under the margin, without the hardest rows.

    Where the budget needs them, fewer are cut off.

    Examples
    --------
    >>> import numpy as np
    >>> rng, X, y = np.random.default_rng(0), np.empty((5, 0), np.float32), np.zeros(5, int)
    >>> seen = Dynamics(np.float32([[[9, 0], [9, 0], [9, 0], [3, 0], [0, 5]]]))
    >>> kept = CCS(cutoff=0.2).select(X, y, None, budget=2, rng=rng, dynamics=seen)
    >>> kept.indices[1]  # alone in its stratum; row 4 is cut off
    np.int64(3)
    """

    sampler: Sampler = "strata"
    cutoff: Share = 0.3

    def difficulty(self, dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        return -scores.aum(dynamics, y)
