"""Draw the ratios of a table as bars, each with the mark it is meant to reach."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.line import Line

# Of a palette that colour-blind people can tell apart; what falls short is hatched as well.
REACHED, SHORT, MARK = "#0072B2", "#E69F00", "#000000"


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
        # From 1, where both take the same: to the right winnow takes less, to the left more.
        bar = axes.barh(place, line.ratio - 1, left=1, color=REACHED if line.reached else SHORT)
        bar.patches[0].set_hatch("" if line.reached else "//")
        axes.annotate(
            f"{line.ratio:.3g}x", (max(line.ratio, 1), place), (4, 0), textcoords="offset points", va="center"
        )
        if line.target:
            axes.plot([line.target] * 2, [place - 0.42, place + 0.42], color=MARK, linewidth=2)
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(min(0.5, *(0.8 * line.ratio for line in shown)), 1.8 * max(line.ratio for line in shown))
    ticks = [
        tick
        for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
        if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]
    ]
    axes.set_xticks(ticks, [f"{tick:g}x" for tick in ticks])
    axes.minorticks_off()
    labels = [f"{line.what}\nagainst {line.against.partition(' (')[0]}" for line in shown]
    axes.set_yticks(range(len(shown)), labels, fontsize=7)
    axes.set_xlabel("how many times as much the other way takes")
    key = [
        Patch(color=REACHED, label="reached, or no mark set"),
        Patch(facecolor=SHORT, hatch="//", label="below its mark"),
        Line2D([], [], color=MARK, linewidth=2, label="mark"),
    ]
    axes.legend(handles=key, loc="lower right", fontsize=7)
    figure.savefig(file, dpi=150)
    pyplot.close(figure)
