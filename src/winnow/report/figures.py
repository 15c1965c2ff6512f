"""Draw test accuracy against the number of kept rows, in colours that colour-blind people can tell apart."""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from winnow.report.rows import Row, titles, with_baselines
from winnow.report.smallest import Curve, Target, answer
from winnow.report.style import COLOURS, MARKERS, panels
from winnow.store.keys import content_key, library_versions, source_hash

# The ticks of an axis on which halving the errors is always the same step.
TICKS = (20, 40, 60, 70, 80, 85, 90, 93, 95, 97, 98, 98.5, 99, 99.5, 99.8)
FEWEST_ERRORS = 0.05  # percent; a perfect score has no logarithm

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
        color, marker = _look(selector, number)
        axes.errorbar(
            budgets,
            middles,
            yerr=(below, above),
            label=selector if len(named) == 1 else f"{selector} ({named[setting]})",
            marker=marker,
            color=color,
            linestyle="--" if selector == "uniform" else "-",
            capsize=3,
        )
    _label(axes)
    _stretch_the_top(axes)
    axes.set_xticks(sorted({row.budget for row in finished}))
    axes.set_title(next(iter(named.values())) if len(named) == 1 else "", fontsize="medium")
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=150)
    return path


def accuracy_key(rows: Sequence[Row]) -> str:
    """Name the figure of `accuracy` by all it depends on, so that nobody need draw it twice."""
    drawn = [(row.selector, row.setting, row.budget, row.accuracies) for row in with_baselines(rows)]
    sources = [source_hash(accuracy), source_hash(panels)]
    return content_key(drawn=drawn, sources=sources, versions=library_versions("matplotlib", "winnow"))


def smallest(curves: Mapping[str, Curve], target: Target, title: str, path: Path) -> Path:
    """Draw every selector's median and range against the budgets tried, the target, and the crossings.

    A bar along the line of the target is the 95 % interval of the crossing in its colour.
    """
    figure, (axes,) = panels(1, width=8.0)
    axes.axhline(target.percent, color="grey", linestyle=":", label=f"target: {target}")
    for number, (selector, curve) in enumerate(curves.items()):
        color, marker = _look(selector, number)
        budgets = sorted(curve)
        values = [curve[budget] for budget in budgets]
        axes.fill_between(budgets, list(map(min, values)), list(map(max, values)), color=color, alpha=0.15)
        line = "--" if selector == "uniform" else "-"
        axes.plot(budgets, list(map(median, values)), line, marker=marker, color=color, label=selector)
        found = answer(curve, target)
        if isfinite(found.crossing):
            low, high = np.nan_to_num((found.low, found.high), nan=found.crossing, posinf=budgets[-1])
            axes.plot([low, high], [target.percent] * 2, color=color, linewidth=5, alpha=0.4)
            axes.plot(found.crossing, target.percent, "|", color=color, markersize=16, markeredgewidth=2)
    _label(axes)
    axes.set_title(title, fontsize="medium")
    axes.legend(fontsize="small", loc="lower right")
    figure.savefig(path, dpi=150)
    return path


def _look(selector: str, number: int) -> tuple[str, str]:
    """Return the colour and the marker of line `number`; uniform is always black."""
    # The second time round a colour comes with another marker.
    marker = MARKERS[(number + number // len(COLOURS)) % len(MARKERS)]
    return "black" if selector == "uniform" else COLOURS[number % len(COLOURS)], marker


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


def _label(axes: "Axes") -> None:
    """Give the axes their names and scales."""
    axes.set_xscale("log", base=2)
    axes.get_xaxis().set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.get_xaxis().set_minor_formatter("")
    axes.set_xlabel("training images kept")
    axes.set_ylabel("test accuracy, %: median, min to max")
    axes.grid(alpha=0.3)


def _stretch_the_top(axes: "Axes") -> None:
    """Scale accuracies by the logarithm of the errors: 98 to 99 % is as far as 50 to 75 %."""
    low, high = _evened(axes.dataLim.intervaly)
    margin = 0.05 * (high - low) or 0.05  # a single point has no extent
    axes.set_yscale("function", functions=(_evened, _accuracy_of))
    axes.set_ylim(*_accuracy_of(np.array([low - margin, high + margin])))
    bottom, top = axes.get_ylim()
    axes.set_yticks([tick for tick in TICKS if bottom <= tick <= top])
    axes.get_yaxis().set_major_formatter(lambda value, _: f"{value:g}")


def _evened(accuracy: ndarray) -> ndarray:
    return -np.log(np.maximum(100 - accuracy, FEWEST_ERRORS))


def _accuracy_of(evened: ndarray) -> ndarray:
    return 100 - np.exp(-evened)
