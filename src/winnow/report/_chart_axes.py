"""What the charts of a page have in common: sizes, scales, marks and colours.

Charts are plain coordinates that a template draws; one unit is one pixel of a narrow screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from winnow.report.results import Results
from winnow.report.rows import Row
from winnow.report.style import colour_and_marker

WIDTH = 480.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 12.0, 18.0, 40.0  # room around
CLOSEST_TICKS = 38.0
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


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A chart with two axes: where they lie, and their marks."""

    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    height: float
    width: float = WIDTH
    left: float = LEFT
    right: float = WIDTH - RIGHT

    @property
    def bottom(self) -> float:
        """Where the lower axis lies."""
        return self.height - BOTTOM


def colours(results: Results) -> dict[str, str]:
    """Return a colour for every way of choosing, the same in all charts of a page."""
    labels = sorted({(row.selector != "uniform", results.label(row)) for row in own_rows(results)})
    return {
        label: colour_and_marker(number)[0] if chosen else UNIFORM_COLOUR
        for number, (chosen, label) in enumerate(labels)
    }


def own_rows(results: Results) -> list[Row]:
    """Return the finished rows on the jobs' own network."""
    return [row for row in results.finished if not row.on_other_network]


def apart(ticks: Sequence[Tick], least: float = CLOSEST_TICKS) -> list[Tick]:
    """Leave out ticks that are too close to the one before.

    >>> [tick.text for tick in apart([Tick(0.0, "a"), Tick(10.0, "b"), Tick(60.0, "c")])]
    ['a', 'c']
    """
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or abs(tick.at - kept[-1].at) >= least:
            kept.append(tick)
    return kept


def round_values(low: float, high: float) -> list[float]:
    """Return up to about seven round values from low to high.

    >>> round_values(-1.2, 3.1)
    [-1.0, 0.0, 1.0, 2.0, 3.0]
    """
    step = next((step for step in STEPS if (high - low) / step <= 7), STEPS[-1])
    return [round(number * step, 2) for number in range(ceil(low / step), int(high // step) + 1)]
