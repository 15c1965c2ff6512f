"""Draw test accuracy against the number of kept rows, in colours that colour-blind people can tell apart."""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from winnow.report._accuracy_axis import TICKS, accuracy_of, evened, middles_and_reach
from winnow.report.escape import figure as escaped
from winnow.report.results import Results
from winnow.report.rows import Row
from winnow.report.smallest import Curve, Target, smallest_budget
from winnow.report.style import colour_and_marker, new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def accuracy(results: Results, path: Path) -> Path:
    """Draw what the finished rows on the jobs' own networks are worth, and return `path`.

    Several budgets: test accuracy against budget, one line a selector, with the range of the repetitions.
    A single one: the paired differences to the uniform baseline, one line a selector.
    """
    own = Results([row for row in results.finished if not row.on_other_network])
    compared = [row for row in own.finished if own.is_compared(row)]
    if compared and len({row.budget for row in own.finished}) == 1:
        return _differences(own, compared, path)
    return _along_the_budget(own, path)


def _along_the_budget(results: Results, path: Path) -> Path:
    rows, titles = results.finished, results.titles
    figure, (axes,) = new_figure(1, width=7.0)
    lines = sorted({(row.selector != "uniform", row.selector, row.setting) for row in rows})
    for number, (_, selector, setting) in enumerate(lines):
        budgets, middles, below, above = middles_and_reach(
            [row for row in rows if (row.selector, row.setting) == (selector, setting)]
        )
        color, marker = _look(selector, number)
        axes.errorbar(
            budgets,
            middles,
            yerr=(below, above),
            label=escaped(selector if len(titles) == 1 else f"{selector} ({titles[setting]})"),
            marker=marker,
            color=color,
            linestyle="--" if selector == "uniform" else "-",
            capsize=3,
        )
    _label(axes)
    _stretch_the_top(axes)
    axes.set_xticks(sorted({row.budget for row in rows}))
    axes.set_title(escaped(next(iter(titles.values()))) if len(titles) == 1 else "", fontsize="medium")
    axes.legend(fontsize="small")
    return save_figure(figure, path, dpi=150)


def _differences(results: Results, compared: Sequence[Row], path: Path) -> Path:
    """Draw every paired difference as a small dot, and their mean as a large one with its interval."""
    figure, (axes,) = new_figure(1, width=7.0, height=1.8 + 0.45 * len(compared))
    axes.axvline(0, color="black", linestyle="--", linewidth=1)
    for position, row in enumerate(compared):
        pairs, baseline = results.comparison(row), results.baseline_of(row)
        color, marker = colour_and_marker(position)
        each = np.subtract(row.accuracies, baseline.accuracies)
        axes.plot(each, np.full(len(each), position), ".", color="grey", alpha=0.6)
        # A single pair has no interval.
        interval = None if pairs.n == 1 else ([pairs.mean - pairs.low], [pairs.high - pairs.mean])
        axes.errorbar([pairs.mean], [position], xerr=interval, marker=marker, color=color, capsize=3)
    axes.set_yticks(range(len(compared)), [escaped(_name(row, results)) for row in compared])
    axes.set_ylim(len(compared) - 0.5, -0.5)
    axes.set_xlabel("points of test accuracy against uniform: each repetition, mean, 95 % interval")
    axes.grid(alpha=0.3, axis="x")
    title = next(iter(results.titles.values())) if len(results.titles) == 1 else ""
    axes.set_title(
        escaped(", ".join(filter(None, [title, f"budget={compared[0].budget}"]))), fontsize="medium"
    )
    return save_figure(figure, path, dpi=150)


def _name(row: Row, results: Results) -> str:
    several_k = len({other.k for other in results.finished if other.selector == row.selector}) > 1
    title = f" ({results.titles[row.setting]})" if len(results.titles) > 1 else ""
    return results.label(row) + (f" k={row.k}" if several_k else "") + title


def smallest(curves: Mapping[str, Curve], target: Target, title: str, path: Path) -> Path:
    """Draw every selector's median and range against the budgets tried, the target, and the crossings.

    A bar along the line of the target is the 95 % interval of the crossing in its colour.
    """
    figure, (axes,) = new_figure(1, width=8.0)
    axes.axhline(target.percent, color="grey", linestyle=":", label=f"target: {target}")
    for number, (selector, curve) in enumerate(curves.items()):
        color, marker = _look(selector, number)
        budgets = sorted(curve)
        values = [curve[budget] for budget in budgets]
        axes.fill_between(budgets, list(map(min, values)), list(map(max, values)), color=color, alpha=0.15)
        line = "--" if selector == "uniform" else "-"
        axes.plot(
            budgets, list(map(median, values)), line, marker=marker, color=color, label=escaped(selector)
        )
        found = smallest_budget(curve, target)
        if isfinite(found.crossing):
            low, high = np.nan_to_num((found.low, found.high), nan=found.crossing, posinf=budgets[-1])
            axes.plot([low, high], [target.percent] * 2, color=color, linewidth=5, alpha=0.4)
            axes.plot(found.crossing, target.percent, "|", color=color, markersize=16, markeredgewidth=2)
    _label(axes)
    axes.set_ylabel("accuracy, %: median, min to max")
    axes.set_title(escaped(title), fontsize="medium")
    axes.legend(fontsize="small", loc="lower right")
    return save_figure(figure, path, dpi=150)


def _look(selector: str, number: int) -> tuple[str, str]:
    """Return the colour and the marker of line `number`; uniform is always black."""
    color, marker = colour_and_marker(number)
    return "black" if selector == "uniform" else color, marker


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
    low, high = evened(axes.dataLim.intervaly)
    margin = 0.05 * (high - low) or 0.05  # a single point has no extent
    axes.set_yscale("function", functions=(evened, accuracy_of))
    axes.set_ylim(*accuracy_of(np.array([low - margin, high + margin])))
    bottom, top = axes.get_ylim()
    axes.set_yticks([tick for tick in TICKS if bottom <= tick <= top])
    axes.get_yaxis().set_major_formatter(lambda value, _: f"{value:g}")
