"""Keep rows that together are distributed like all rows, as far as a Gaussian kernel can tell.

Each step takes the row of the largest mean similarity to the data less its mean similarity to the kept rows:
dense regions first, then what is under-represented. In the kernel's space this is herding, and it matches
all moments instead of only the mean. Expect a result close to random, since matching the data
is what random rows do on average (MNIST: not above random up to 1,000 rows), with less spread over seeds.

Reference: Chen, Welling and Smola, "Super-samples from kernel herding", UAI 2010, equation 8.
https://arxiv.org/abs/1203.3472
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.geometry.distance import squared_distances
from winnow.pool import Pool
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Subset

_PAIRS_AT_ONCE = 2**20


@dataclass(frozen=True)
class KernelHerding(Selector):
    """Select argmax mean_j k(row, j) - sum over the kept of k(row, s) / (t + 1), without clusters.

    The kernel is exp(-distance^2 / 2 bandwidth^2); its bandwidth is the median distance between rows. Budgets
    nest.

    Parameters
    ----------
    sample : int
        Rows, drawn at random, over which the median distance and the mean similarity to the data are taken.

    Examples
    --------
    >>> pool = Pool(5, X=np.float32([[0], [1], [2], [3], [4]]))  # the middle first
    >>> KernelHerding().select(pool, budget=1, rng=np.random.default_rng(0)).indices
    array([2])
    """

    sample: Annotated[int, Field(ge=2)] = 2000

    needs = frozenset({"X"})

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        X, kept = pool.X, list[int]()
        reference = X[np.sort(rng.choice(pool.n, min(self.sample, pool.n), replace=False))]
        bandwidth = _median_distance(reference)
        attraction = _mean_kernel(X, reference, bandwidth)
        repulsion = np.zeros(pool.n)
        while len(kept) < budget:
            gain = attraction - repulsion / (len(kept) + 1)
            gain[kept] = -np.inf
            kept.append(int(gain.argmax()))
            repulsion += np.exp(squared_distances(X, X[kept[-1]]) / (-2 * bandwidth**2))
        return Subset.of(np.array(kept, dtype=np.int64), {"bandwidth": bandwidth})


def _median_distance(X: ndarray) -> float:
    """Return the median distance between two different rows; 1 where no two rows differ."""
    from scipy.spatial.distance import pdist

    distances = pdist(X)
    apart = distances[distances > 0]
    return float(np.median(apart)) if len(apart) else 1.0


def _mean_kernel(X: ndarray, reference: ndarray, bandwidth: float) -> Float64[ndarray, " n"]:
    from scipy.spatial.distance import cdist

    means = np.empty(len(X))
    step = max(_PAIRS_AT_ONCE // len(reference), 1)
    for start in range(0, len(X), step):
        squares = cdist(X[start : start + step], reference, "sqeuclidean")
        means[start : start + step] = np.exp(squares / (-2 * bandwidth**2)).mean(axis=1)
    return means
