"""Measure, without labels, how much better a random subset covers the data than shapeless data of its kind.

What `budget` random rows leave unexplained of the others,

    unexplained(budget) = E |left-out row - nearest kept row|^2,

falls with the budget for any data, and how fast depends on scales and dimensions above all. Set beside the
same number for normal data with the same covariance it says something about shape: the ratio is 1 for one
cloud, however stretched, and falls as soon as the budget resolves clusters, or surfaces thinner than their
span. Where it no longer falls, what the rows do not explain is shapeless too.

A normal row is a mixture, with normal weights, of rows of the data: no covariance matrix is needed.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator
from threadpoolctl import threadpool_limits

from winnow.distance import nearest_centroid

_DRAWS = 4
_LEFT_OUT_ROWS = 250
_MIXED_ROWS = 1024
_MOST_ROWS = 2**17
_DRAWN_AT_ONCE = 4096


@dataclass(frozen=True)
class Coverage:
    """`ratio`: unexplained by the budget, data over normal data. `pace`: how fast it falls around there.

    The pace is -d log(ratio) / d log(budget), between half and twice the budget.
    """

    ratio: float
    pace: float

    @classmethod
    def of(cls, X: Float32[ndarray, "n d"], budget: int, rng: Generator) -> "Coverage":
        """Measure with random subsets; budgets above 65,536 are judged as if they were that."""
        left_out = min(_LEFT_OUT_ROWS, len(X) // 4)
        most = min(len(X) - left_out, _MOST_ROWS)
        budgets = [max(1, min(size, most)) for size in (budget // 2, budget, 2 * budget)]
        if left_out == 0 or budget == 0:
            return cls(1.0, 0.0)
        data, normal = np.zeros((2, len(budgets)))
        with threadpool_limits(1):
            for _ in range(_DRAWS):
                rows = X[rng.permutation(len(X))[: left_out + budgets[-1]]]
                data += _unexplained(rows[:left_out], rows[left_out:], budgets)
                rows = normal_like(X, len(rows), rng)
                normal += _unexplained(rows[:left_out], rows[left_out:], budgets)
        if normal.min() == 0:  # rows that are all alike
            return cls(1.0, 0.0)
        # Where every row has a twin that is kept, nothing is unexplained.
        logarithms = np.log(np.maximum(data, np.finfo(np.float64).tiny) / normal)
        doublings = np.log(budgets[-1] / budgets[0])
        pace = (logarithms[0] - logarithms[-1]) / doublings if doublings else 0.0
        return cls(float(np.exp(logarithms[1])), float(pace))


def normal_like(X: Float32[ndarray, "n d"], count: int, rng: Generator) -> Float32[ndarray, "count d"]:
    """Draw normal rows with the covariance of (up to 1,024 random rows of) `X`, around 0."""
    rows = X[rng.permutation(len(X))[:_MIXED_ROWS]]
    centred = (rows - rows.mean(axis=0, dtype=np.float64)).astype(np.float32)
    scaled = centred / np.float32(np.sqrt(len(rows)))
    # In chunks: the weights of 100,000 rows would take 400 MB.
    sizes = [min(_DRAWN_AT_ONCE, count - start) for start in range(0, count, _DRAWN_AT_ONCE)]
    return np.concatenate(
        [rng.standard_normal((size, len(rows)), dtype=np.float32) @ scaled for size in sizes]
    )


def _unexplained(left_out: ndarray, kept: ndarray, budgets: list[int]) -> ndarray:
    """Return the mean squared distance of the left-out rows to the first `budget` kept ones, for each."""
    return np.array([(nearest_centroid(left_out, kept[:budget])[1] ** 2).mean() for budget in budgets])
