"""Find the smallest budget at which a selector reaches a target, and how sure that is.

Accuracy grows about evenly with the logarithm of the budget, so budgets are tried on a ladder of equal
ratios: up in strides of four until the target is reached, then halving the gap until no rung is left in it;
at last the double of what was found, if nothing so large was tried, to see how firmly the target is passed.
The ladder is the same for every selector and every target, so all searches share their runs.

Repetitions are noisy, and now and then a larger budget does worse. The search takes every trial as final
and closes the gap below the smallest budget that reached the target; a result that is good by chance can end
it too early.

Therefore a second answer, the crossing, is read off all budgets tried: where the never falling curve
nearest to their accuracies [1]_ passes the target, between two budgets along the logarithm. Its interval
comes from drawing repetitions anew, the same ones for every budget because they are paired. Over few
repetitions such a bootstrap is too short. Of the worst repetition it sees the good side only: there the
interval reaches too low.

.. [1] Barlow, Bartholomew, Bremner and Brunk, "Statistical inference under order restrictions", 1972.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log, nan
from statistics import median
from typing import Any

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from numpy.random import default_rng

STRIDE = 4
RUNGS_TO_DOUBLE = 8  # 9 % from rung to rung
RESAMPLES = 2_000
# Percentages that are equal on paper may differ in their last bit.
TOLERANCE = 1e-9

Curve = Mapping[int, Sequence[float]]
"""Accuracies in percent of the repetitions at every budget tried."""


@dataclass(frozen=True)
class Target:
    """An accuracy in percent, to be reached by the median of the repetitions or by the worst of them.

    >>> Target(95.0).reached([94.0, 95.0, 96.0]), Target(95.0, worst=True).reached([94.0, 96.0])
    (True, False)
    """

    percent: float
    worst: bool = False

    def decisive(self, accuracies: Float64[ndarray, "*rest n"]) -> Float64[ndarray, "*rest"]:
        """Reduce the repetitions, along the last axis, to the one number that counts."""
        return accuracies.min(axis=-1) if self.worst else np.median(accuracies, axis=-1)

    def reached(self, accuracies: Sequence[float]) -> bool:
        """Whether these repetitions are good enough."""
        (decisive,) = self.decisive(np.array([accuracies], np.float64))
        return bool(decisive >= self.percent - TOLERANCE)

    def __str__(self) -> str:
        return f"{self.percent:g} % by the {'worst repetition' if self.worst else 'median'}"


@dataclass(frozen=True)
class SmallestBudget:
    """The smallest budget tried that reaches the target, and where the curve crosses it (95 % interval).

    `smallest` is None, and a crossing infinite, where no budget tried reaches it. A crossing at the
    smallest budget tried may lie below it.
    """

    smallest: int | None
    crossing: float
    low: float
    high: float


def ladder(most: int) -> list[int]:
    """Return the budgets that may be tried: every 2^(j/8), rounded, up to `most` and with it.

    >>> ladder(20)
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 19, 20]
    """
    count = int(log(most, 2) * RUNGS_TO_DOUBLE) + 1
    return sorted({min(most, round(2 ** (rung / RUNGS_TO_DOUBLE))) for rung in range(count)} | {most})


def next_budget(reached: Mapping[int, bool], rungs: Sequence[int], start: int) -> int | None:
    """Return the budget to try next, from `start` on, given which of those tried reach the target.

    None once the smallest that does has a neighbour below that does not and a trial at twice its size, or
    no rung is left.

    >>> rungs = ladder(100)
    >>> next_budget({}, rungs, 16), next_budget({16: False}, rungs, 16)
    (16, 64)
    >>> next_budget({16: False, 64: True}, rungs, 16), next_budget({1: True, 2: True}, rungs, 16)
    (32, None)
    """
    if not reached:
        return min(rung for rung in rungs if rung >= min(start, rungs[-1]))
    smallest = min((budget for budget, hit in reached.items() if hit), default=None)
    if smallest is None:
        return _stride_up(max(reached), rungs)
    below = max((budget for budget in reached if budget < smallest), default=0)
    between = [rung for rung in rungs if below < rung < smallest]
    if between:
        return between[len(between) // 2] if below else _stride_down(smallest, rungs)
    above = next((rung for rung in rungs if rung >= 2 * smallest), rungs[-1])
    return above if above > max(reached) else None


def _stride_up(highest: int, rungs: Sequence[int]) -> int | None:
    if highest >= rungs[-1]:
        return None
    return next((rung for rung in rungs if rung >= STRIDE * highest), rungs[-1])


def _stride_down(lowest: int, rungs: Sequence[int]) -> int:
    return max((rung for rung in rungs if STRIDE * rung <= lowest), default=rungs[0])


def next_round(
    curves: Mapping[str, Curve], target: Target, rungs: Sequence[int], start: int
) -> dict[str, int]:
    """Return the budget to try next for every selector that is not done.

    Uniform, the baseline of all, is left out where another selector brings it along.
    """
    wanted = {}
    for selector, curve in curves.items():
        reached = {budget: target.reached(accuracies) for budget, accuracies in curve.items()}
        if (budget := next_budget(reached, rungs, start)) is not None:
            wanted[selector] = budget
    brought = {budget for selector, budget in wanted.items() if selector != "uniform"}
    return {name: budget for name, budget in wanted.items() if name != "uniform" or budget not in brought}


def smallest_budget(curve: Curve, target: Target) -> SmallestBudget:
    """Return the answer that the budgets tried give; without a second repetition there is no interval."""
    budgets = sorted(curve)
    repetitions = np.array([curve[budget] for budget in budgets], np.float64)
    smallest = next((budget for budget in budgets if target.reached(curve[budget])), None)
    low, high = _interval(budgets, repetitions, target)
    return SmallestBudget(
        smallest, crossing(budgets, target.decisive(repetitions), target.percent), low, high
    )


def crossing(budgets: Sequence[int], accuracies: Float64[ndarray, " b"], percent: float) -> float:
    """Return where the never falling curve nearest to ascending budgets' accuracies passes `percent`.

    The smallest budget if that is past it already, infinity if none is.

    >>> round(crossing([100, 400], np.array([90.0, 98.0]), 94.0), 6)  # half way, on a logarithmic axis
    200.0
    """
    from scipy.optimize import isotonic_regression

    fitted = isotonic_regression(accuracies).x
    past = int(np.searchsorted(fitted, percent - TOLERANCE))
    if past == len(budgets):
        return inf
    if past == 0:
        return float(budgets[0])
    share = (percent - fitted[past - 1]) / (fitted[past] - fitted[past - 1])
    low, high = log(budgets[past - 1]), log(budgets[past])
    return exp(low + min(float(share), 1.0) * (high - low))


def _interval(
    budgets: Sequence[int], repetitions: Float64[ndarray, "b n"], target: Target
) -> tuple[float, float]:
    n = repetitions.shape[1]
    if n == 1:
        return nan, nan
    draws = default_rng(0).integers(0, n, (RESAMPLES, n))
    resampled = target.decisive(repetitions[:, draws])
    crossings = sorted(crossing(budgets, accuracies, target.percent) for accuracies in resampled.T)
    # Picked, not interpolated: some may be infinite.
    return crossings[round(0.025 * (RESAMPLES - 1))], crossings[round(0.975 * (RESAMPLES - 1))]


def answers(curves: Mapping[str, Curve], target: Target) -> list[dict[str, Any]]:
    """Return one record for every selector, for a csv and the eye; "uniform" must be among them.

    `times fewer` is the crossing of uniform divided by the selector's.
    """
    found = {selector: smallest_budget(curve, target) for selector, curve in curves.items()}
    return [
        {
            "selector": selector,
            "n": min(len(accuracies) for accuracies in curves[selector].values()),
            "smallest": "-" if each.smallest is None else each.smallest,
            "crossing": each.crossing,
            "low": each.low,
            "high": each.high,
            "times fewer": found["uniform"].crossing / each.crossing if isfinite(each.crossing) else nan,
        }
        for selector, each in found.items()
    ]


def budgets_tried(curve: Curve, target: Target) -> str:
    """Return the budgets tried, with a star at those that reach the target.

    >>> budgets_tried({64: [96.0], 16: [90.0]}, Target(95.0))
    '16 64*'
    """
    return " ".join(f"{budget}{'*' * target.reached(curve[budget])}" for budget in sorted(curve))


def tried(curves: Mapping[str, Curve]) -> list[dict[str, Any]]:
    """Return one record for every selector and budget, for a csv."""
    return [
        {
            "selector": selector,
            "budget": budget,
            "n": len(curve[budget]),
            "median": median(curve[budget]),
            "min": min(curve[budget]),
            "max": max(curve[budget]),
        }
        for selector, curve in curves.items()
        for budget in sorted(curve)
    ]
