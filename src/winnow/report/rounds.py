"""How often a network was right about the rows of each round before it learnt them, as a chart.

A selector that asks a network notes this for every round. Rows drawn by chance are a fair sample of all that
were not kept, so the accuracy on them is an honest one. Those asked for are hard on purpose, by most queries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

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

HEIGHT = 240.0
MARGIN = 16.0  # beside the first and the last round
MOST_ARMS = 12
MOST_ERROR = 98.0  # points: 1.96 standard errors of the accuracy on a single row, at most
KINDS: dict[Literal["random", "asked"], str] = {"random": "drawn by chance", "asked": "asked for"}

Curve = Sequence[Mapping[str, Any]]
"""The points of one repetition: `labels` read before, and of each kind of rows, how many and the accuracy."""


def curve_of(provenance: Mapping[str, Any]) -> Curve:
    """Return the curve that a selector noted; nothing if it noted none."""
    return provenance.get("curve") or ()


def metrics_of(curve: Curve, repetition: int) -> dict[int, dict[str, float]]:
    """Return the accuracies of a curve as a tracker names them, by the number of labels read before.

    >>> metrics_of([{"labels": 20, "random": 4, "accuracy_of_random": 75.0, "asked": 0}], 1)
    {20: {'random_rows_acc_1': 75.0}}
    """
    return {
        point["labels"]: {
            f"{kind}_rows_acc_{repetition}": point[f"accuracy_of_{kind}"] for kind in KINDS if point[kind]
        }
        for point in curve
    }


@dataclass(frozen=True)
class Known:
    """How many percent of some rows, of all repetitions, a network was right about before it learnt them."""

    x: float
    y: float
    labels: int
    accuracy: float
    rows: int
    text: str


@dataclass(frozen=True)
class Line:
    """The rows of one kind that one way of choosing took, from round to round."""

    label: str
    kind: str
    colour: str
    dashed: bool
    dots: Sequence[Known]

    @property
    def path(self) -> str:
        """The corners of the line."""
        return " ".join(f"{dot.x},{dot.y}" for dot in self.dots)


@dataclass(frozen=True)
class RoundsChart(Frame):
    """Accuracy on the rows of a round, before they were learnt, against the labels read before it."""

    lines: Sequence[Line]
    left_out: int

    @property
    def caption(self) -> str:
        """What the lines are, and how much a dot can be trusted."""
        told = "In percent, all repetitions together: how often the network was right about the rows of a"
        told += " round before it learnt them, with so many labels read."
        if counts := [dot.rows for line in self.lines if not line.dashed for dot in line.dots]:
            few = min(counts)
            told += " Rows drawn by chance (solid) are a fair sample of all that were not kept, but few:"
            told += f" a dot of {few:,} leaves up to {MOST_ERROR / sqrt(few):.0f} points open either way."
        if any(line.dashed for line in self.lines):
            told += " Rows asked for (dashed) are no such sample: most queries ask for hard ones on purpose,"
            told += " so that less is known of them is no failure."
        return f"{told} {self.left_out} more are in the json beside their lists." if self.left_out else told


def rounds_chart(results: Results, curves: Mapping[str, Sequence[Curve]]) -> RoundsChart | None:
    """Return the chart of the rows of one setting; None where no row was chosen in rounds.

    Parameters
    ----------
    results : the rows of one setting.
    curves : of the rows by key, one curve for each repetition.
    """
    rows = [row for row in own_rows(results) if any(curves.get(row.key, ()))]
    colour_of, several = colours(results), len({row.budget for row in rows}) > 1
    known = {
        (results.label(row) + (f" {row.budget:,}" if several else ""), kind): (
            colour_of[results.label(row)],
            _pooled(curves[row.key], kind),
        )
        for row in rows[:MOST_ARMS]
        for kind in KINDS
    }
    points = [point for _, at in known.values() for point in at.items()]
    if not points:
        return None
    labels = sorted({count for count, _ in points})
    accuracies = [accuracy for _, (accuracy, _) in points]
    x = Axis(float(labels[0]), float(labels[-1]), LEFT + MARGIN, WIDTH - RIGHT - MARGIN)
    margin = 0.06 * (max(accuracies) - min(accuracies)) or 1.0
    y = Axis(min(accuracies) - margin, max(accuracies) + margin, HEIGHT - BOTTOM, TOP)
    return RoundsChart(
        [_line(*name, colour, at, x, y) for name, (colour, at) in known.items() if at],
        len(rows) - len(rows[:MOST_ARMS]),
        x_ticks=apart([Tick(x(float(count)), f"{count:,}") for count in labels]),
        y_ticks=[Tick(y(value), f"{value:g}") for value in round_values(y.low, y.high) if value <= 100],
        height=HEIGHT,
    )


def _pooled(curves: Sequence[Curve], kind: str) -> dict[int, tuple[float, int]]:
    """Return the accuracy on all rows of one kind, and their number, by the number of labels read before.

    >>> one = {"labels": 20, "random": 4, "accuracy_of_random": 75.0}
    >>> _pooled([[one], [one | {"random": 1, "accuracy_of_random": 0.0}]], "random")  # 3 of 5 are right
    {20: (60.0, 5)}
    """
    right: dict[int, float] = {}
    rows: dict[int, int] = {}
    for point in (point for curve in curves for point in curve if point[kind]):
        labels = point["labels"]
        right[labels] = right.get(labels, 0.0) + point[kind] * point[f"accuracy_of_{kind}"]
        rows[labels] = rows.get(labels, 0) + point[kind]
    return {labels: (right[labels] / rows[labels], rows[labels]) for labels in sorted(rows)}


def _line(label: str, kind: str, colour: str, at: Mapping[int, tuple[float, int]], x: Axis, y: Axis) -> Line:
    dots = [
        Known(
            x(float(labels)),
            y(accuracy),
            labels,
            round(accuracy, 2),
            rows,
            f"{label}, {labels:,} labels read: {accuracy:.1f} % of {rows:,} rows {KINDS[kind]}",
        )
        for labels, (accuracy, rows) in at.items()
    ]
    return Line(label, KINDS[kind], colour, kind == "asked", dots)
