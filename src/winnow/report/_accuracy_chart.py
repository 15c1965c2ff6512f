"""Accuracy against budget as coordinates: a line of medians, with their range, for every way of choosing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from statistics import median

from winnow.report._accuracy_axis import TICKS, accuracy_of, evened, pooled
from winnow.report._chart_axes import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Frame,
    Tick,
    apart,
    colours,
    own_rows,
    round_values,
)
from winnow.report.results import Results
from winnow.report.rows import Row

HEIGHT = 300.0
MARGIN = 16.0  # beside the first and the last budget
CLOSEST = 18.0  # marks of accuracy
MOST_BESIDE = 60.0  # distance of lines that have a single budget
MOST_LINES = 16


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
class AccuracyChart(Frame):
    """Accuracy against budget."""

    lines: Sequence[Line]
    levels: Sequence[Level]
    left_out: int


def accuracy_chart(results: Results, target: float | None = None) -> AccuracyChart | None:
    """Return the chart of what the rows of one setting are worth; None where there is no row.

    Parameters
    ----------
    results : the rows of one setting.
    target : an accuracy in percent to be drawn as a line.
    """
    rows, colour_of = own_rows(results), colours(results)
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
    x = Axis(log2(budgets[0]), log2(budgets[-1]), LEFT + MARGIN, WIDTH - RIGHT - MARGIN)
    y, y_ticks = _accuracy_axis([value for at in shown.values() for v in at.values() for value in v], levels)
    return AccuracyChart(
        [
            _line(
                label, at, colour_of[label], x, y, _beside(number, len(shown)) if len(budgets) == 1 else 0.0
            )
            for number, (label, at) in enumerate(shown.items())
        ],
        [Level(y(_even(value)), label, label.startswith("target")) for label, value in levels.items()],
        len(curves) - len(shown),
        x_ticks=apart([Tick(x(log2(budget)), f"{budget:,}") for budget in budgets]),
        y_ticks=y_ticks,
        height=HEIGHT,
    )


def _even(accuracy: float) -> float:
    return float(evened(accuracy))


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
        low, high = (float(accuracy_of(end)) for end in (axis.low, axis.high))
        inside = round_values(low, high)
    ticks = [Tick(axis(_even(tick)), f"{tick:g}") for tick in inside]
    return axis, apart(ticks, CLOSEST)


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
    [-60.0, 0.0, 60.0]
    """
    distance = min(MOST_BESIDE, (WIDTH - LEFT - RIGHT) / count)
    return float(distance * (number - (count - 1) / 2))
