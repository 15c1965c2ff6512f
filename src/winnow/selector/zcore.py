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
from math import ceil
from typing import Annotated

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.pool import Pool
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class ZCore(Selector):
    """Select the rows of the highest coverage less redundancy, without clusters.

    Scores begin at random between 0 and 1, as published, so rows that no draw has touched are in random
    order.

    Parameters
    ----------
    draws_per_row : float
        Draws for each row of the data. A million draws, as in the paper, take half an hour on 60,000 rows;
        0.3 per row take half a minute, and touch enough rows for budgets of up to a tenth of them.
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

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        coordinates = pool.X.T.astype(np.float64)
        low, middle, high = coordinates.min(axis=1), np.median(coordinates, axis=1), coordinates.max(axis=1)
        score = rng.random(pool.n)
        for _ in range(ceil(self.draws_per_row * pool.n)):
            plane = rng.choice(len(coordinates), min(2, len(coordinates)), replace=False)
            point = _triangular(rng, low[plane], middle[plane], high[plane])
            covering = int(_city_distances(coordinates, plane, point).argmin())
            score[covering] += 1
            self._penalise(score, covering, _city_distances(coordinates, plane, coordinates[plane, covering]))
        return Subset.of(np.argsort(-score, kind="stable")[:budget])

    def _penalise(self, score: ndarray, covering: int, distances: ndarray) -> None:
        """Take 1 from the rows around the covering row, in proportion to distance^-exponent."""
        count = min(self.neighbours, len(distances) - 1)
        if count == 0:
            return
        distances[covering] = -1
        around = np.argpartition(distances, count)[: count + 1]
        around = around[around != covering]
        nearest = distances[around].min()
        if nearest == 0:
            score[around[distances[around].argmin()]] -= 1
        else:
            # Relative to the nearest, so that no power overflows.
            penalty = (nearest / distances[around]) ** self.exponent
            score[around] -= penalty / penalty.sum()


def _triangular(rng: Generator, low: ndarray, middle: ndarray, high: ndarray) -> Float64[ndarray, " plane"]:
    """Draw between `low` and `high`, most often near `middle`; a coordinate that never varies stays."""
    spread = np.where(high > low, high - low, 1)
    return low + (high - low) * rng.triangular(0, (middle - low) / spread, 1)


def _city_distances(coordinates: ndarray, plane: ndarray, point: ndarray) -> Float64[ndarray, " n"]:
    """Return every row's distance to `point` within the plane, as the sum over its coordinates."""
    distances = np.zeros(coordinates.shape[1])
    for coordinate, value in zip(plane, point, strict=True):
        distances += np.abs(coordinates[coordinate] - value)
    return distances
