"""Draw the ratios of a table as bars, each with the mark it is meant to reach."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.line import Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of a palette that colour-blind people can tell apart; what falls short is hatched as well.
REACHED, SHORT, MARK = "#56B4E9", "#E69F00", "#000000"


def draw(lines: Sequence[Line], file: Path) -> None:
    """Write the figure; lines without a ratio are left out."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown = [line for line in lines if line.ratio][::-1]
    if not shown:
        return
    figure, axes = pyplot.subplots(figsize=(9, 1.3 + 0.42 * len(shown)), layout="constrained")
    for place, line in enumerate(shown):
        _bar(axes, place, line)
    _scale(axes, [line.ratio for line in shown])
    labels = [f"{line.what}\nagainst {line.against.partition(' (')[0]}" for line in shown]
    axes.set_yticks(range(len(shown)), labels, fontsize=7)
    key = [
        Patch(color=REACHED, label="reached, or no mark set"),
        Patch(facecolor=SHORT, hatch="//", label="below its mark"),
        Line2D([], [], color=MARK, linewidth=2, label="mark"),
    ]
    figure.legend(handles=key, loc="outside upper center", ncols=len(key), fontsize=7)
    figure.savefig(file, dpi=150)
    pyplot.close(figure)


def _bar(axes: "Axes", place: int, line: Line) -> None:
    # From 1, where both take the same: to the right winnow takes less, to the left more.
    colour, hatch = (REACHED, "") if line.reached else (SHORT, "//")
    axes.barh(place, line.ratio - 1, left=1, color=colour, hatch=hatch)
    end = (max(line.ratio, 1), place)
    axes.annotate(f"{line.ratio:.3g}x", end, (4, 0), textcoords="offset points", va="center")
    if line.target:
        axes.plot([line.target] * 2, [place - 0.42, place + 0.42], color=MARK, linewidth=2)


def _scale(axes: "Axes", ratios: Sequence[float]) -> None:
    low, high = 0.8 * min(0.6, *ratios), 1.8 * max(1, *ratios)
    steps = (step * 10.0**power for power in range(-4, 7) for step in (1, 2, 5))
    ticks = [step for step in steps if low <= step <= high]
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [f"{tick:g}x" for tick in ticks])
    axes.minorticks_off()
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set_xlabel("how many times as much the other way takes")
