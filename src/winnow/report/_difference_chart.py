"""Paired differences to uniform as coordinates: every one of them, their mean and its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from winnow.report._chart_axes import (
    BOTTOM,
    RIGHT,
    TOP,
    UNIFORM_COLOUR,
    WIDTH,
    Axis,
    Tick,
    colours,
    round_values,
)
from winnow.report.escape import shortened
from winnow.report.results import Results
from winnow.report.rows import Row

NAMES = 132.0  # room for the names
LONGEST_NAME = 22  # characters
LINE = 26.0  # height of a difference
MOST_DIFFERENCES = 40


@dataclass(frozen=True)
class Difference:
    """The paired differences of one row to uniform; without an interval, low and high are the mean."""

    y: float
    label: str
    colour: str
    mean: float
    low: float
    high: float
    each: Sequence[float]
    text: str


@dataclass(frozen=True)
class DifferenceChart:
    """All differences to uniform, one below the other; `zero` is where there is none."""

    lines: Sequence[Difference]
    ticks: Sequence[Tick]
    zero: float
    bottom: float
    left_out: int
    width: float = WIDTH

    @property
    def height(self) -> float:
        """The height with the axis."""
        return self.bottom + BOTTOM


def difference_chart(results: Results) -> DifferenceChart | None:
    """Return the chart of the differences of one setting; None where nothing is compared."""
    compared = [row for row in results.finished if results.is_compared(row)]
    if not compared:
        return None
    shown, colour_of = compared[:MOST_DIFFERENCES], colours(results)
    spread = [0.0, *(value for row in shown for value in _values(row, results))]
    low, high = min(spread), max(spread)
    margin = 0.05 * (high - low) or 1.0
    x = Axis(low - margin, high + margin, NAMES, WIDTH - RIGHT)
    names = _names(shown, results)
    lines = [
        _difference(row, results, x, TOP + LINE * (number + 0.5), name, colour_of)
        for number, (row, name) in enumerate(zip(shown, names, strict=True))
    ]
    ticks = [Tick(x(value), f"{value:+g}" if value else "0") for value in round_values(x.low, x.high)]
    return DifferenceChart(lines, ticks, x(0.0), TOP + LINE * len(shown), len(compared) - len(shown))


def _names(rows: Sequence[Row], results: Results) -> list[str]:
    """Name every row by how it chose and by its size, in as much room as there is."""
    names = []
    for row in rows:
        alike = {other.k for other in rows if (other.selector, other.budget) == (row.selector, row.budget)}
        size = f" {row.budget:,}" + (f" k={row.k}" if len(alike) > 1 else "")
        names.append(shortened(results.label(row), max(LONGEST_NAME - len(size), 5)) + size)
    return names


def _values(row: Row, results: Results) -> list[float]:
    pairs, baseline = results.comparison(row), results.baseline_of(row)
    each = np.subtract(row.accuracies, baseline.accuracies).tolist()
    return [*each, *(() if pairs.n == 1 else (pairs.low, pairs.high))]


def _difference(
    row: Row, results: Results, x: Axis, y: float, name: str, colour_of: Mapping[str, str]
) -> Difference:
    pairs, baseline = results.comparison(row), results.baseline_of(row)
    low, high = (pairs.mean, pairs.mean) if pairs.n == 1 else (pairs.low, pairs.high)
    interval = "" if pairs.n == 1 else f" [{low:+.2f}, {high:+.2f}]"
    return Difference(
        y,
        name,
        colour_of.get(results.label(row), UNIFORM_COLOUR),
        x(pairs.mean),
        x(low),
        x(high),
        [x(value) for value in np.subtract(row.accuracies, baseline.accuracies).tolist()],
        f"{name}: {pairs.mean:+.2f}{interval} points, n={pairs.n}",
    )
