"""Keep rows that together are distributed like all rows, as far as a Gaussian kernel can tell.

Each step takes the row of the largest mean similarity to the data less its mean similarity to the kept rows:
dense regions first, then what is under-represented. In the kernel's space this is herding, and it matches
all moments instead of only the mean. Expect a result close to random, since matching the data
is what random rows do on average (MNIST: not above random up to 1,000 rows), with less spread over seeds.

Reference: Chen, Welling and Smola, "Super-samples from kernel herding", UAI 2010, equation 8.
https://arxiv.org/abs/1203.3472
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.geometry.distance import product_rounding
from winnow.pool import Pool
from winnow.selector._cost import seconds_of_looks, warn_if_large, warn_if_long
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Subset

_PAIRS_AT_ONCE = 2**18
_FURTHEST = 1e15  # of a coordinate, in units of the bandwidth
# For every coordinate of every row and pair kept: some rows are too close to call, and these are compared
# with all that are kept in double precision. Fitted from 1,000 to 2,000 kept of 25,000 and 50,000 rows.
_SECONDS_OF_CLOSE = 1.4e-12


@dataclass(frozen=True)
class KernelHerding(Selector):
    """Select argmax mean_j k(row, j) - sum over the kept of k(row, s) / (t + 1), without clusters.

    The kernel is exp(-distance^2 / 2 bandwidth^2); its bandwidth is the median distance between rows. Budgets
    nest. The time grows with n times budget and, from about 1,000 kept on, with n times its square, because
    rows that are too close to call are compared with all that are kept; the memory with n.

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

    def warn_of_cost(self, n: int, d: int, budget: int) -> None:
        warn_if_large(n, d, copies=5)
        seconds = seconds_of_looks(n, d, budget) + _SECONDS_OF_CLOSE * n * budget**2 * d
        what = f"looking at all {n:,} rows for each of {budget:,}"
        warn_if_long(seconds, what, "selector=random, which comes to much the same")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        reference = pool.X[np.sort(rng.choice(pool.n, min(self.sample, pool.n), replace=False))]
        kernel = _Kernel(pool.X, _median_distance(reference), pool.X.mean(axis=0, dtype=np.float64))
        attraction, exact_attraction = kernel.mean_over(reference), np.full(pool.n, np.nan)
        error_of_attraction = kernel.error(reference)
        repulsion = np.zeros(pool.n)
        kept: list[int] = []
        while len(kept) < budget:
            gain = attraction - repulsion / (len(kept) + 1)
            gain[kept] = -np.inf
            # What is too close to call in single precision is computed again in double.
            error = error_of_attraction + kernel.error(pool.X[kept])
            close = np.flatnonzero(gain + error >= (gain - error).max())
            unknown = close[np.isnan(exact_attraction[close])]
            exact_attraction[unknown] = kernel.exact(unknown, reference).mean(axis=1)
            exact = kernel.exact(close, pool.X[kept]).sum(axis=1) / (len(kept) + 1)
            kept.append(int(close[(exact_attraction[close] - exact).argmax()]))
            repulsion += kernel.mean_over(pool.X[kept[-1:]])
        return Subset.of(np.array(kept, dtype=np.int64), {"bandwidth": kernel.bandwidth})


@dataclass(frozen=True, eq=False)
class _Kernel:
    """The similarity exp(-distance^2 / 2 bandwidth^2) of n rows to others, quick or exact."""

    X: Float32[ndarray, "n d"]
    bandwidth: float
    mean: Float64[ndarray, " d"]

    @cached_property
    def rows(self) -> Float32[ndarray, "n d"]:
        """All rows about their mean, in units of the bandwidth."""
        return self._scaled(self.X)

    @cached_property
    def half_squares(self) -> Float32[ndarray, " n"]:
        return _half_squares(self.rows)

    def error(self, others: Float32[ndarray, "m d"]) -> Float64[ndarray, " n"]:
        """Bound what the quick mean similarity of each row to others is wrong by.

        The exponent is wrong by no more than this, and so is the similarity, which lies between 0 and 1.
        """
        of_others = _half_squares(self._scaled(others)).sum(dtype=np.float64) / max(len(others), 1)
        return np.minimum(product_rounding(self.X.shape[1]) * (self.half_squares + of_others), 1)

    def mean_over(self, others: Float32[ndarray, "m d"]) -> Float64[ndarray, " n"]:
        """Return the quick mean similarity of every row to others."""
        others = self._scaled(others)
        half_squares = _half_squares(others)
        means = np.empty(len(self.X))
        step = max(_PAIRS_AT_ONCE // len(others), 1)
        for start in range(0, len(self.X), step):
            exponent = self.rows[start : start + step] @ others.T
            exponent -= self.half_squares[start : start + step, None]
            exponent -= half_squares
            np.minimum(exponent, 0, out=exponent)  # above by rounding alone
            means[start : start + step] = np.exp(exponent, out=exponent).mean(axis=1, dtype=np.float64)
        return means

    def exact(self, rows: Int64[ndarray, " r"], others: Float32[ndarray, "m d"]) -> Float64[ndarray, "r m"]:
        """Return the similarity of some rows to others in double precision."""
        from scipy.spatial.distance import cdist

        squares = cdist(self.X[rows], others, "sqeuclidean")
        return np.exp(squares / (-2 * self.bandwidth**2))

    def _scaled(self, X: Float32[ndarray, "m d"]) -> Float32[ndarray, "m d"]:
        # Clipped, so that squares are finite; the error of such a row is 1, and it is always computed again.
        return np.clip((X - self.mean) / self.bandwidth, -_FURTHEST, _FURTHEST).astype(np.float32)


def _half_squares(X: Float32[ndarray, "m d"]) -> Float32[ndarray, " m"]:
    return np.einsum("md,md->m", X, X) / 2


def _median_distance(X: ndarray) -> float:
    """Return the median distance between two different rows; 1 where no two rows differ."""
    from scipy.spatial.distance import pdist

    distances = pdist(X)
    apart = distances[distances > 0]
    return float(np.median(apart)) if len(apart) else 1.0
