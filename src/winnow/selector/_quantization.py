"""Compare the quantization error of random subsets of the data with that of normal data.

The quantization error of `budget` random rows,

    error(budget) = E |left-out row - nearest kept row|^2,

falls with the budget for any data, mostly by scale and dimension. Divided by the same error for normal data
with the same covariance, it measures structure: the ratio is 1 for a single normal cloud, however stretched,
and falls as soon as the budget resolves clusters, or surfaces thinner than their span. Where it no longer
falls, what is left within the parts that are resolved has no structure either. No labels are used.

A normal row is a sum of rows of the data with normal weights, so no covariance matrix is needed.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator
from threadpoolctl import threadpool_limits

from winnow.geometry.distance import nearest_centroid

_FEWEST_DRAWS, _MOST_DRAWS = 4, 32
_KEPT_ROWS_IN_ALL = 2**15  # of all draws together, where the fewest are not more
_LEFT_OUT_ROWS = 250
_MIXED_ROWS = 1024
_MOST_ROWS = 2**17
_DRAWN_AT_ONCE = 4096
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class QuantizationRatio:
    """Quantization error of the data over that of normal data, and how fast it falls with the budget.

    Parameters
    ----------
    ratio : float
        error(budget) of the data over that of normal data.
    pace : float
        -d log(ratio) / d log(budget), between half and twice the budget.
    ratio_error, pace_error : float
        Their standard errors, which are large where rows are few or tails heavy. For few rows they are
        overestimates.
    """

    ratio: float
    pace: float
    ratio_error: float = 0.0
    pace_error: float = 0.0

    @classmethod
    def of(cls, X: Float32[ndarray, "n d"], budget: int, rng: Generator) -> "QuantizationRatio":
        """Measure with random subsets; budgets above 65,536 count as 65,536."""
        left_out = min(_LEFT_OUT_ROWS, len(X) // 4)
        most = min(len(X) - left_out, _MOST_ROWS)
        budgets = [max(1, min(size, most)) for size in (budget // 2, budget, 2 * budget)]
        if left_out == 0 or budget == 0:
            return cls(1.0, 0.0)
        draws = min(max(_KEPT_ROWS_IN_ALL // budgets[-1], _FEWEST_DRAWS), _MOST_DRAWS)
        data, normal = np.zeros((2, draws, len(budgets)))
        with threadpool_limits(1):
            for draw in range(draws):
                rows = X[rng.permutation(len(X))[: left_out + budgets[-1]]]
                data[draw] = _quantization_errors(rows[:left_out], rows[left_out:], budgets)
                rows = normal_like(X, len(rows), rng)
                normal[draw] = _quantization_errors(rows[:left_out], rows[left_out:], budgets)
        # Draws of few rows mostly repeat each other: they count as often as all rows could be left out once.
        independent = float(min(draws, len(X) / left_out))
        return cls._compared(data, normal, float(np.log(budgets[-1] / budgets[0])), independent)

    @classmethod
    def _compared(
        cls, data: ndarray, normal: ndarray, span: float, independent_draws: float
    ) -> "QuantizationRatio":
        """Compare the errors of half the budget, the budget and twice the budget; a line for each draw.

        `span` is log(largest budget / smallest).
        """
        if normal.mean(axis=0).min() == 0:  # rows that are all alike
            return cls(1.0, 0.0)
        # Where every left-out row has a duplicate that is kept, the error is 0.
        of_data, of_normal = (np.maximum(each.mean(axis=0), _TINY) for each in (data, normal))
        logarithms = np.log(of_data / of_normal)
        ratio, fallen = float(np.exp(logarithms[1])), logarithms[0] - logarithms[-1]
        errors = np.zeros(2)
        for draws, means, count in ((data, of_data, independent_draws), (normal, of_normal, len(normal))):
            parts = draws / means
            steps = np.stack([parts[:, 1], parts[:, 0] - parts[:, -1]])
            errors = np.hypot(errors, steps.std(axis=1, ddof=1) / np.sqrt(count))
        if not span:
            return cls(ratio, 0.0, ratio * errors[0])
        return cls(ratio, float(fallen / span), float(ratio * errors[0]), float(errors[1] / span))


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


def _quantization_errors(left_out: ndarray, kept: ndarray, budgets: list[int]) -> ndarray:
    """Return the mean squared distance of left-out rows to the nearest of the first `budget` kept rows."""
    return np.array([(nearest_centroid(left_out, kept[:budget])[1] ** 2).mean() for budget in budgets])
