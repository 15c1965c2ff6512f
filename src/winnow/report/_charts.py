"""The charts of a page, as plain coordinates that a template draws: one unit is one pixel of a narrow screen.

Accuracy against budget: a line of medians for every way of choosing, with the range of the repetitions.
Differences: every paired difference to the uniform baseline, their mean and its interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from statistics import median

import numpy as np

from winnow.report._accuracy_axis import TICKS, evened, pooled
from winnow.report.results import Results
from winnow.report.rows import Row
from winnow.report.style import colour_and_marker

WIDTH = 480
HEIGHT = 300
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 40  # room for the axes
NAMES = 132  # room for the names of the differences
LINE = 26  # height of a difference
CLOSEST_TICKS = 38
BESIDE = 22  # distance of lines that have a single budget
MOST_LINES = 16
MOST_DIFFERENCES = 40
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
UNIFORM_COLOUR = "currentColor"


@dataclass(frozen=True)
class Axis:
    """A scale from values between `low` and `high` to coordinates from `start` to `end`.

    >>> Axis(0.0, 10.0, 100.0, 0.0)(2.5)
    75.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the coordinate of a value; of a scale without extent, the middle."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True)
class Tick:
    """A mark of an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Dot:
    """The median of the repetitions, their range, and what both are in words."""

    x: float
    y: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Line:
    """A way of choosing; `band` are the corners of its range, empty with a single budget."""

    label: str
    colour: str
    dashed: bool
    dots: Sequence[Dot]
    band: str

    @property
    def path(self) -> str:
        """The corners of the line of medians."""
        return " ".join(f"{dot.x},{dot.y}" for dot in self.dots)


@dataclass(frozen=True)
class Level:
    """A horizontal line: all data, or the target."""

    y: float
    label: str
    is_target: bool


@dataclass(frozen=True)
class AccuracyChart:
    """Accuracy against budget."""

    lines: Sequence[Line]
    levels: Sequence[Level]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    left_out: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


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
    width: int = WIDTH

    @property
    def height(self) -> float:
        """The height with the axis."""
        return self.bottom + BOTTOM


def colours(results: Results) -> dict[str, str]:
    """Return a colour for every way of choosing, the same in all charts of a page."""
    labels = sorted({(row.selector != "uniform", results.label(row)) for row in _own(results)})
    return {
        label: colour_and_marker(number)[0] if chosen else UNIFORM_COLOUR
        for number, (chosen, label) in enumerate(labels)
    }


def accuracy_chart(results: Results, target: float | None = None) -> AccuracyChart | None:
    """Return the chart of what the rows of one setting are worth; None where there is no row.

    Parameters
    ----------
    results : the rows of one setting.
    target : an accuracy in percent to be drawn as a line.
    """
    rows, colour_of = _own(results), colours(results)
    chosen = [row for row in rows if row.selector != "full"]
    if not chosen:
        return None
    curves = {
        label: pooled([row for row in chosen if results.label(row) == label])
        for label in colour_of
        if any(results.label(row) == label for row in chosen)
    }
    shown = dict(list(curves.items())[:MOST_LINES])
    levels = _level_values(rows, target)
    budgets = sorted({budget for at in shown.values() for budget in at})
    x = Axis(log2(budgets[0]), log2(budgets[-1]), LEFT + 16, WIDTH - RIGHT - 16)
    y, y_ticks = _accuracy_axis([value for at in shown.values() for v in at.values() for value in v], levels)
    return AccuracyChart(
        [
            _line(
                label, at, colour_of[label], x, y, _beside(number, len(shown)) if len(budgets) == 1 else 0.0
            )
            for number, (label, at) in enumerate(shown.items())
        ],
        [Level(y(_even(value)), label, label.startswith("target")) for label, value in levels.items()],
        _apart([Tick(x(log2(budget)), f"{budget:,}") for budget in budgets]),
        y_ticks,
        len(curves) - len(shown),
    )


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
    ticks = [Tick(x(value), f"{value:+g}" if value else "0") for value in _round_values(x.low, x.high)]
    return DifferenceChart(lines, ticks, x(0.0), TOP + LINE * len(shown), len(compared) - len(shown))


def _own(results: Results) -> list[Row]:
    return [row for row in results.finished if not row.on_other_network]


def _even(accuracy: float) -> float:
    return float(evened(np.array(accuracy)))


def _level_values(rows: Sequence[Row], target: float | None) -> dict[str, float]:
    levels = {}
    if full := [value for row in rows if row.selector == "full" for value in row.accuracies]:
        levels[f"all data {median(full):.2f} %"] = median(full)
    if target is not None:
        levels[f"target {target:g} %"] = target
    return levels


def _accuracy_axis(values: Sequence[float], levels: Mapping[str, float]) -> tuple[Axis, list[Tick]]:
    """Return the vertical scale, and the ticks that are not too close to each other, from the bottom up."""
    ends = [_even(value) for value in (*values, *levels.values())]
    margin = 0.06 * (max(ends) - min(ends)) or 0.05
    axis = Axis(min(ends) - margin, max(ends) + margin, HEIGHT - BOTTOM, TOP)
    inside = [tick for tick in TICKS if axis.low <= _even(tick) <= axis.high]
    if len(inside) < 2:  # a narrow range has marks of its own
        low, high = (100 - float(np.exp(-end)) for end in (axis.low, axis.high))
        inside = _round_values(low, high)
    ticks = [Tick(axis(_even(tick)), f"{tick:g}") for tick in inside]
    return axis, _apart(ticks, 18)


def _line(
    label: str, at: Mapping[int, Sequence[float]], colour: str, x: Axis, y: Axis, beside: float
) -> Line:
    dots = [
        Dot(
            round(x(log2(budget)) + beside, 1),
            y(_even(median(values))),
            y(_even(min(values))),
            y(_even(max(values))),
            f"{label}, {budget:,}: {median(values):.2f} % ({min(values):.2f} to {max(values):.2f},"
            f" n={len(values)})",
        )
        for budget, values in at.items()
    ]
    corners = [(dot.x, dot.high) for dot in dots] + [(dot.x, dot.low) for dot in reversed(dots)]
    band = " ".join(f"{left},{top}" for left, top in corners) if len(dots) > 1 else ""
    return Line(label, colour, label == "uniform", dots, band)


def _beside(number: int, count: int) -> float:
    """Return how far a line is moved aside where all have a single budget.

    >>> [_beside(number, 3) for number in range(3)]
    [-22.0, 0.0, 22.0]
    """
    return BESIDE * (number - (count - 1) / 2)


def _apart(ticks: Sequence[Tick], least: float = CLOSEST_TICKS) -> list[Tick]:
    """Leave out ticks that are too close to the one before.

    >>> [tick.text for tick in _apart([Tick(0.0, "a"), Tick(10.0, "b"), Tick(60.0, "c")])]
    ['a', 'c']
    """
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or abs(tick.at - kept[-1].at) >= least:
            kept.append(tick)
    return kept


def _round_values(low: float, high: float) -> list[float]:
    """Return up to about seven round values from low to high.

    >>> _round_values(-1.2, 3.1)
    [-1.0, 0.0, 1.0, 2.0, 3.0]
    """
    step = next((step for step in STEPS if (high - low) / step <= 7), STEPS[-1])
    return [round(number * step, 2) for number in range(int(np.ceil(low / step)), int(high // step) + 1)]


def _names(rows: Sequence[Row], results: Results) -> list[str]:
    several = len({row.k for row in rows if row.k != row.budget}) > 0
    return [f"{results.label(row)} {row.budget:,}" + (f" k={row.k}" if several else "") for row in rows]


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
