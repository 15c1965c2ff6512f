"""Figures and tables that all look alike, for reports and studies.

Colours are those of Okabe and Ito, which people who cannot tell red from green can tell apart; markers
repeat what colour says.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from winnow.report._csv_file import write_csv
from winnow.report.escape import figure as escaped
from winnow.report.escape import printable
from winnow.store.whole_file import written_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
MARKERS = "osD^vP*X"
TableRow = Mapping[str, Any]
"""One line of a table: the value of every column by the name of the column."""


def new_figure(panels: int, *, width: float = 4.2, height: float = 4.2) -> tuple["Figure", list["Axes"]]:
    """Return a figure with `panels` axes side by side, each `width` inches wide, drawn without a screen."""
    # "Matplotlib is building the font cache" and the like concern nobody who waits for a figure.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * panels, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(np.atleast_1d(figure.subplots(1, panels)))


def save_figure(figure: "Figure", path: Path, *, dpi: int) -> Path:
    """Draw the figure into a file, which is replaced as a whole, and return `path`.

    A character that the font lacks is drawn as a box, without a warning.
    """
    with warnings.catch_warnings(), written_whole(path) as temporary:
        warnings.simplefilter("ignore", UserWarning)
        figure.savefig(temporary, dpi=dpi)
    return path


def colour_and_marker(number: int) -> tuple[str, str]:
    """Return the colour and marker of line or label `number`; of 64 in a row no two look the same."""
    # The second time a colour is used it comes with another marker.
    return COLOURS[number % len(COLOURS)], MARKERS[(number + number // len(COLOURS)) % len(MARKERS)]


def scatter_by_label(
    axes: "Axes", points: Float[ndarray, "n 2"], labels: Int64[ndarray, " n"], name: str
) -> None:
    """Draw points in the colour and with the marker of their label; the legend says `name` and the label.

    Without a name there is no legend: there are too many labels for one, and colours repeat.
    """
    for label in np.unique(labels):
        color, marker = colour_and_marker(int(label))
        axes.scatter(
            *points[labels == label].T,
            s=18,
            alpha=0.7,
            color=color,
            marker=marker,
            linewidths=0,
            label=escaped(f"{name} {label}") if name else None,
        )


def mark_centroids(axes: "Axes", centroids: Float[ndarray, "k 2"], name: str) -> None:
    """Mark centroids by black crosses on white, to be seen on any colour."""
    axes.scatter(
        *centroids.T, s=170, marker="X", color="black", edgecolors="white", linewidths=1.5, label=name
    )


def median_of_repetitions(repeated: Sequence[Mapping[str, float]], *, spread: str) -> TableRow:
    """Return the median of every number over the repetitions, and the range of the one named `spread`.

    Examples
    --------
    >>> median_of_repetitions([{"accuracy": 90.0}, {"accuracy": 94.0}], spread="accuracy")
    {'n': 2, 'accuracy': 92.0, 'accuracy min to max': '90 to 94'}
    """
    values = [numbers[spread] for numbers in repeated]
    medians = {name: float(median(numbers[name] for numbers in repeated)) for name in repeated[0]}
    extent = f"{rounded(min(values))} to {rounded(max(values))}"
    return {"n": len(repeated), **medians, f"{spread} min to max": extent}


def save_table(rows: Sequence[TableRow], path: Path) -> str:
    """Write the rows as csv with every digit, and return them as a table of rounded numbers to print."""
    write_csv(rows, path)
    names = list(rows[0])
    cells = [list(map(printable, names)), *([rounded(row[name]) for name in names] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells
    )


def rounded(value: Any) -> str:
    """Return a value for the eye: four digits of a number, and text without control characters.

    Examples
    --------
    >>> rounded(0.123456), rounded(123456.7), rounded(3)
    ('0.1235', '123,457', '3')
    """
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return printable(str(value))
