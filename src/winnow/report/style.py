"""What studies leave behind for a person to look at: figures and tables that all look alike.

Colours are those of Okabe and Ito, which people who cannot tell red from green can tell apart; markers
repeat what colour says.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
MARKERS = "osD^vP*X"
Record = Mapping[str, Any]


@cache
def warm_up() -> None:
    """Import what figures are drawn with, so that the first one does not wait for it."""
    from matplotlib import figure  # noqa: F401
    from matplotlib.backends import backend_agg  # noqa: F401


def panels(count: int, *, width: float = 4.2) -> tuple["Figure", list["Axes"]]:
    """Return a figure with `count` panels side by side, drawn without a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * count, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(np.atleast_1d(figure.subplots(1, count)))


def scatter(axes: "Axes", points: Float[ndarray, "n 2"], labels: Int64[ndarray, " n"], name: str) -> None:
    """Draw points in the colour and with the marker of their label; the legend says `name` and the label.

    Without a name there is no legend: there are too many labels for one, and colours repeat.
    """
    for label in np.unique(labels):
        of_label = points[labels == label]
        axes.scatter(
            *of_label.T,
            s=18,
            alpha=0.7,
            color=COLOURS[label % len(COLOURS)],
            # The second time round a colour comes with another marker.
            marker=MARKERS[(label + label // len(COLOURS)) % len(MARKERS)],
            linewidths=0,
            label=f"{name} {label}" if name else None,
        )


def crosses(axes: "Axes", centroids: Float[ndarray, "k 2"], name: str) -> None:
    """Mark centroids by black crosses on white, to be seen on any colour."""
    axes.scatter(
        *centroids.T, s=170, marker="X", color="black", edgecolors="white", linewidths=1.5, label=name
    )


def summary(repeated: Sequence[Mapping[str, float]], *, spread: str) -> Record:
    """Return the median of every number over the repetitions, and the range of the one named `spread`.

    >>> summary([{"accuracy": 90.0}, {"accuracy": 94.0}], spread="accuracy")
    {'n': 2, 'accuracy': 92.0, 'accuracy min to max': '90 to 94'}
    """
    values = [numbers[spread] for numbers in repeated]
    medians = {name: float(median(numbers[name] for numbers in repeated)) for name in repeated[0]}
    extent = f"{_shown(min(values))} to {_shown(max(values))}"
    return {"n": len(repeated), **medians, f"{spread} min to max": extent}


def save_table(records: Sequence[Record], path: Path) -> str:
    """Write the records as csv, and return them as a table for the eye.

    Numbers are rounded for the eye only.
    """
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    cells = [list(records[0]), *([_shown(value) for value in record.values()] for record in records)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells
    )


def _shown(value: Any) -> str:
    """Round to what an eye can use.

    >>> _shown(0.123456), _shown(123456.7), _shown(3)
    ('0.1235', '123,457', '3')
    """
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)
