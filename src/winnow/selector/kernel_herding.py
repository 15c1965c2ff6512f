"""Keep rows that together are distributed like all rows, as far as a Gaussian kernel can tell.

Each step takes the row of the largest mean similarity to the data less its mean similarity to the kept rows:
dense regions first, then what is under-represented. In the kernel's space this is herding, and it matches
all moments instead of only the mean. Expect a result close to random, since matching the data
is what random rows do on average (MNIST: not above random up to 1,000 rows), with less spread over seeds.

Reference: Chen, Welling and Smola, "Super-samples from kernel herding", UAI 2010, equation 8.
https://arxiv.org/abs/1203.3472
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.geometry.distance import product_rounding
from winnow.pool import Pool, Scale
from winnow.selector._cost import seconds_of_looks, warn_if_large, warn_if_long
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Subset

_PAIRS_AT_ONCE = 2**18
_FURTHEST = 1e15  # of a coordinate, in units of the bandwidth
# A look in single precision, and one in double, which takes three times as long, at all rows that were once
# too close to call: from some thousands kept on these are nearly all.
_LOOKS = 4


@dataclass(frozen=True)
class KernelHerding(Selector):
    """Select argmax mean_j k(row, j) - sum over the kept of k(row, s) / (t + 1), without clusters.

    The kernel is exp(-distance^2 / 2 bandwidth^2); its bandwidth is the median distance between rows. Budgets
    nest. The time grows with n times budget, the memory with n.

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

    def warn_of_cost(self, scale: Scale) -> None:
        warn_if_large(scale, copies=5)
        what = f"looking at all {scale.n:,} rows for each of {scale.budget:,}"
        seconds = _LOOKS * seconds_of_looks(scale)
        warn_if_long(seconds, what, "selector=random, which comes to much the same")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        reference = pool.X[np.sort(rng.choice(pool.n, min(self.sample, pool.n), replace=False))]
        kernel = _Kernel(pool.X, _median_distance(reference), pool.X.mean(axis=0, dtype=np.float64))
        attraction, repulsion = kernel.mean_over(reference), np.zeros(pool.n)
        contenders = _Contenders(kernel, reference)
        error_of_attraction, half_squares = kernel.error(kernel.half_squares_of(reference).mean()), 0.0
        kept: list[int] = []
        while len(kept) < budget:
            gain = attraction - repulsion / (len(kept) + 1)
            gain[kept] = -np.inf
            # What is too close to call in single precision is computed again in double.
            error = error_of_attraction + kernel.error(half_squares / max(len(kept), 1))
            close = np.flatnonzero(gain + error >= (gain - error).max())
            contenders.add(close, kept)
            kept.append(int(close[contenders.gains(close, len(kept)).argmax()]))
            latest = pool.X[kept[-1:]]
            contenders.repel(latest)
            repulsion += kernel.mean_over(latest)
            half_squares += float(kernel.half_squares[kept[-1]])
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

    def half_squares_of(self, others: Float32[ndarray, "m d"]) -> Float64[ndarray, " m"]:
        """Return half the squared length of others about the mean of all rows, in units of the bandwidth."""
        return _half_squares(self._scaled(others)).astype(np.float64)

    def error(self, of_others: float) -> Float64[ndarray, " n"]:
        """Bound what the quick mean similarity of each row to others is wrong by, of their mean half squares.

        The exponent is wrong by no more than this, and so is the similarity, which lies between 0 and 1.
        """
        half_squares = self.half_squares.astype(np.float64) + of_others
        return np.minimum(product_rounding(self.X.shape[1]) * half_squares, 1)

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

    def exact_sums(
        self, rows: Int64[ndarray, " r"], others: Float32[ndarray, "m d"]
    ) -> Float64[ndarray, " r"]:
        """Return the sum of the similarities of some rows to others, in double precision."""
        from scipy.spatial.distance import cdist

        sums = np.empty(len(rows))
        step = max(_PAIRS_AT_ONCE // max(len(others), self.X.shape[1]), 1)  # rows stay in the cache, too
        for start in range(0, len(rows), step):
            squares = cdist(self.X[rows[start : start + step]], others, "sqeuclidean")
            sums[start : start + step] = np.exp(squares / (-2 * self.bandwidth**2)).sum(axis=1)
        return sums

    def _scaled(self, X: Float32[ndarray, "m d"]) -> Float32[ndarray, "m d"]:
        # Clipped, so that squares are finite; the error of such a row is 1, and it is always computed again.
        return np.clip((X - self.mean) / self.bandwidth, -_FURTHEST, _FURTHEST).astype(np.float32)


@dataclass(eq=False)
class _Contenders:
    """Rows that were once too close to call, with what they gain in double precision.

    They are many where many rows are kept, and mostly the same from step to step: so their sums are kept up
    to date, and no pair of rows is compared twice.
    """

    kernel: _Kernel
    reference: Float32[ndarray, "m d"]

    def __post_init__(self) -> None:
        self._rows = np.empty(0, dtype=np.int64)
        self._attraction = np.full(len(self.kernel.X), np.nan)
        self._repulsion = np.zeros(len(self.kernel.X))

    def add(self, rows: Int64[ndarray, " r"], kept: Sequence[int]) -> None:
        """Compare those of these rows that are new with the data and with all that are kept."""
        new = rows[np.isnan(self._attraction[rows])]
        if len(new) == 0:
            return
        self._attraction[new] = self.kernel.exact_sums(new, self.reference) / len(self.reference)
        self._repulsion[new] = self.kernel.exact_sums(new, self.kernel.X[kept])
        self._rows = np.concatenate([self._rows, new])

    def repel(self, latest: Float32[ndarray, "1 d"]) -> None:
        """Compare all contenders with one more row that is kept."""
        self._repulsion[self._rows] += self.kernel.exact_sums(self._rows, latest)

    def gains(self, rows: Int64[ndarray, " r"], kept: int) -> Float64[ndarray, " r"]:
        """Return what contenders gain where so many rows are kept."""
        return self._attraction[rows] - self._repulsion[rows] / (kept + 1)


def _half_squares(X: Float32[ndarray, "m d"]) -> Float32[ndarray, " m"]:
    return np.einsum("md,md->m", X, X) / 2


def _median_distance(X: ndarray) -> float:
    """Return the median distance between two different rows; 1 where no two rows differ."""
    from scipy.spatial.distance import pdist

    distances = pdist(X)
    apart = distances[distances > 0]
    return float(np.median(apart)) if len(apart) else 1.0
