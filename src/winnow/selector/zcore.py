"""Keep rows that cover the embedding and are not redundant, as seen in many random planes (ZCore).

Each draw takes two random coordinates and a random point between their extremes, most often near their
medians. The row nearest to it gains 1, and its own nearest rows together lose 1, the closer the more. Rows
that are often alone in a region score high. Expect it to help at high pruning rates on the embeddings
of large pretrained networks, for which it was made; principal components order their coordinates by
variance, and outliers, which cover much, score high.

Reference: Griffin, Marks and Corso, "Zero-shot coreset selection via iterative subspace sampling", 2024,
algorithm 1. https://arxiv.org/abs/2411.15349
"""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.pool import Pool, Scale
from winnow.selector._cost import warn_if_large, warn_if_long
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Subset

_SECONDS_OF_A_ROW = 1.6e-7  # that a draw looks at; one core of a busy machine


@dataclass(frozen=True)
class ZCore(Selector):
    """Select the rows of the highest coverage less redundancy, without clusters.

    Scores begin at random between 0 and 1, as published, so rows that no draw has touched are in random
    order. The time grows with n^1.5, whatever the budget, and with n^2 where a coordinate takes few values;
    the memory with n times d.

    Parameters
    ----------
    draws_per_row : float
        Draws for each row of the data, each of which looks at about sqrt(n `neighbours`) rows. 0.3 per row
        take some twenty seconds on 60,000 rows, and touch enough of them for budgets of up to a tenth; a
        million draws, as in the paper, take a quarter of an hour.
    neighbours : int
        Nearest rows of a covering row that are penalised as redundant.
    exponent : float
        Of the inverse distance by which they are penalised; a high one penalises the nearest only.

    Examples
    --------
    >>> pool = Pool(5, X=np.float32([[0, 0], [0, 0], [0, 0], [0, 0], [9, 9]]))
    >>> selector = ZCore(draws_per_row=20.0)
    >>> 4 in selector.select(pool, budget=2, rng=np.random.default_rng(0)).indices
    True
    """

    draws_per_row: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.3
    neighbours: Annotated[int, Field(ge=1)] = 1000
    exponent: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 4.0

    needs = frozenset({"X"})

    def warn_of_cost(self, scale: Scale) -> None:
        warn_if_large(scale, copies=6)
        draws = ceil(self.draws_per_row * scale.n)
        seconds = draws * sqrt(self.neighbours * scale.n) * _SECONDS_OF_A_ROW
        fewer = f"selector.draws_per_row={self.draws_per_row * 300 / max(seconds, 1):.2g}, five minutes"
        warn_if_long(seconds, f"{draws:,} draws among {scale.n:,} rows", fewer)

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        X = pool.X
        low, high = X.min(axis=0).astype(np.float64), X.max(axis=0).astype(np.float64)
        middle = np.median(X.astype(np.float64), axis=0)
        planes = _Planes.of(X)
        score = rng.random(pool.n)
        for _ in range(ceil(self.draws_per_row * pool.n)):
            plane = rng.choice(X.shape[1], min(2, X.shape[1]), replace=False)
            point = _triangular(rng, low[plane], middle[plane], high[plane])
            covering = int(planes.nearest(plane, point, 1)[0][0])
            score[covering] += 1
            around = planes.nearest(plane, X[covering, plane].astype(np.float64), self.neighbours + 1)
            self._penalise(score, covering, *around)
        return Subset.of(np.argsort(-score, kind="stable")[:budget])

    def _penalise(self, score: ndarray, covering: int, rows: ndarray, distances: ndarray) -> None:
        """Take 1 from the rows around the covering row, in proportion to distance^-exponent."""
        others = rows != covering
        rows, distances = rows[others][: self.neighbours], distances[others][: self.neighbours]
        if len(rows) == 0:
            return
        if distances[0] == 0:
            score[rows[0]] -= 1
        else:
            # Relative to the nearest, so that no power overflows.
            penalty = (distances[0] / distances) ** self.exponent
            score[rows] -= penalty / penalty.sum()


def _triangular(rng: Generator, low: ndarray, middle: ndarray, high: ndarray) -> Float64[ndarray, " plane"]:
    """Draw between `low` and `high`, most often near `middle`; a coordinate that never varies stays."""
    spread = np.where(high > low, high - low, 1)
    return low + (high - low) * rng.triangular(0, (middle - low) / spread, 1)


@dataclass(frozen=True, eq=False)
class _Planes:
    """Finds the rows nearest to a point in a plane of two coordinates, by the sum of the differences in both.

    Only rows that lie close along the first coordinate are looked at. Of some rows around the point the
    wanted number is near enough to bound how far the others may lie along it.
    """

    coordinates: Float32[ndarray, "d n"]
    orders: Int32[ndarray, "d n"]
    ordered: Float32[ndarray, "d n"]

    @classmethod
    def of(cls, X: Float32[ndarray, "n d"]) -> "_Planes":
        coordinates = np.ascontiguousarray(X.T)
        orders = np.empty(coordinates.shape, dtype=np.int32)
        for order, values in zip(orders, coordinates, strict=True):
            order[:] = np.argsort(values, kind="stable")
        return cls(coordinates, orders, np.take_along_axis(coordinates, orders, axis=1))

    def nearest(
        self, plane: Int64[ndarray, " plane"], point: Float64[ndarray, " plane"], count: int
    ) -> tuple[Int32[ndarray, " m"], Float64[ndarray, " m"]]:
        """Return the `count` nearest rows (or all), nearest first (ties: the lower number), and distances."""
        ordered, n = self.ordered[plane[0]], self.coordinates.shape[1]
        count, middle = min(count, n), int(np.searchsorted(ordered, point[0]))
        some = max(ceil(sqrt(count * n) / 2), count)
        first, last = max(middle - some, 0), min(middle + some, n)
        parts = [self._around(plane, point, first, last)]
        bound = np.partition(parts[0][1], count - 1)[count - 1]
        # Wider by what the ends may be rounded: what is further than the bound is left out below.
        reach = bound + 2 * np.spacing(abs(point[0]) + bound)
        begin = int(np.searchsorted(ordered, point[0] - reach))
        end = int(np.searchsorted(ordered, point[0] + reach, side="right"))
        if begin < first:
            parts.append(self._around(plane, point, begin, first))
        if end > last:
            parts.append(self._around(plane, point, last, end))
        near = [np.flatnonzero(distances <= bound) for _, distances in parts]
        rows = np.concatenate([rows[within] for (rows, _), within in zip(parts, near, strict=True)])
        distances = np.concatenate([each[within] for (_, each), within in zip(parts, near, strict=True)])
        return _lowest(rows, distances, count)

    def _around(
        self, plane: Int64[ndarray, " plane"], point: Float64[ndarray, " plane"], first: int, last: int
    ) -> tuple[Int32[ndarray, " m"], Float64[ndarray, " m"]]:
        """Return the rows between two places along the first coordinate, and their distances in the plane."""
        rows = self.orders[plane[0]][first:last]
        distances = np.abs(self.ordered[plane[0]][first:last] - point[0])
        for coordinate, value in zip(plane[1:], point[1:], strict=True):
            distances += np.abs(self.coordinates[coordinate][rows] - value)
        return rows, distances


def _lowest(
    rows: Int32[ndarray, " m"], distances: Float64[ndarray, " m"], count: int
) -> tuple[Int32[ndarray, " lowest"], Float64[ndarray, " lowest"]]:
    """Return the `count` rows of least distance, nearest first (ties: the lower number)."""
    if count < len(rows):
        furthest = np.partition(distances, count - 1)[count - 1]
        within = np.flatnonzero(distances <= furthest)
        rows, distances = rows[within], distances[within]
    nearest_first = np.lexsort((rows, distances))[:count]
    return rows[nearest_first], distances[nearest_first]
