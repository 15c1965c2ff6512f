"""Draw test accuracy against the number of kept rows, in colours that colour-blind people can tell apart."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from winnow.exhibit import COLOURS, MARKERS, panels
from winnow.report import Row, titles, with_baselines

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def accuracy(rows: Sequence[Row], path: Path) -> Path:
    """Draw test accuracy against budget, one line a selector, with the range of the repetitions."""
    finished = with_baselines(rows)
    named = titles(finished)
    figure, (axes,) = panels(1, width=7.0)
    lines = sorted({(row.selector != "uniform", row.selector, row.setting) for row in finished})
    for number, (_, selector, setting) in enumerate(lines):
        cells = [row for row in finished if (row.selector, row.setting) == (selector, setting)]
        budgets, middles, below, above = _along_budgets(cells)
        axes.errorbar(
            budgets,
            middles,
            yerr=(below, above),
            label=selector if len(named) == 1 else f"{selector} ({named[setting]})",
            # The second time round a colour comes with another marker.
            marker=MARKERS[(number + number // len(COLOURS)) % len(MARKERS)],
            color="black" if selector == "uniform" else COLOURS[number % len(COLOURS)],
            linestyle="--" if selector == "uniform" else "-",
            capsize=3,
        )
    _label(axes, sorted({row.budget for row in finished}))
    axes.set_title(next(iter(named.values())) if len(named) == 1 else "", fontsize="medium")
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=150)
    return path


def _along_budgets(cells: Sequence[Row]) -> tuple[list[int], list[float], list[float], list[float]]:
    """Budgets, medians, and how far the repetitions reach below and above them.

    Where several k share a budget, their repetitions are pooled.
    """
    pooled: dict[int, list[float]] = {}
    for row in sorted(cells, key=lambda row: row.budget):
        pooled.setdefault(row.budget, []).extend(row.accuracies)
    middles = [median(values) for values in pooled.values()]
    below = [middle - min(values) for middle, values in zip(middles, pooled.values(), strict=True)]
    above = [max(values) - middle for middle, values in zip(middles, pooled.values(), strict=True)]
    return list(pooled), middles, below, above


def _label(axes: "Axes", budgets: Sequence[int]) -> None:
    """Give the axes their names, and ticks at these budgets."""
    axes.set_xscale("log")
    axes.set_xticks(budgets)
    axes.get_xaxis().set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.get_xaxis().set_minor_formatter("")
    axes.set_xlabel("training images kept")
    axes.set_ylabel("test accuracy, %: median, min to max")
    axes.grid(alpha=0.3)
