"""Accuracies on an axis, for the figure of a command and the chart of its page.

Accuracies are scaled by the logarithm of the errors: 98 to 99 % is as far as 50 to 75 %.
"""

from collections.abc import Sequence
from statistics import median

import numpy as np
from numpy import ndarray

from winnow.report.rows import Row

# The ticks of an axis on which halving the errors is always the same step.
TICKS = (20.0, 40.0, 60.0, 70.0, 80.0, 85.0, 90.0, 93.0, 95.0, 97.0, 98.0, 98.5, 99.0, 99.5, 99.8)
FEWEST_ERRORS = 0.05  # percent; a perfect score has no logarithm


def evened(accuracy: ndarray | float) -> ndarray | float:
    """Return percent of accuracy so that halving the errors is always the same step.

    >>> (evened(np.array([75.0, 99.0])) - evened(np.array([50.0, 98.0]))).round(6).tolist()  # log 2
    [0.693147, 0.693147]
    """
    return -np.log(np.maximum(100 - accuracy, FEWEST_ERRORS))


def accuracy_of(value: ndarray | float) -> ndarray | float:
    """Return the percent of accuracy that `evened` makes this value of."""
    return 100 - np.exp(-value)


def pooled(rows: Sequence[Row]) -> dict[int, list[float]]:
    """Return the accuracies of all repetitions at every budget, ascending.

    Where several k share a budget, their repetitions are pooled.
    """
    found: dict[int, list[float]] = {}
    for row in sorted(rows, key=lambda row: row.budget):
        found.setdefault(row.budget, []).extend(row.accuracies)
    return found


def middles_and_reach(rows: Sequence[Row]) -> tuple[list[int], list[float], list[float], list[float]]:
    """Return budgets, medians, and how far the repetitions reach below and above them."""
    at = pooled(rows)
    middles = [median(values) for values in at.values()]
    below = [middle - min(values) for middle, values in zip(middles, at.values(), strict=True)]
    above = [max(values) - middle for middle, values in zip(middles, at.values(), strict=True)]
    return list(at), middles, below, above
