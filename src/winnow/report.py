"""Results to look at: the line after each job, the table after a sweep, and the figure.

Medians and spread over repetitions, never the best; every selector beside the uniform baseline of the
same budget, as a paired difference with its 95 % bootstrap interval. Results of different data sets are
never put into one table.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from winnow.statistics import Comparison, paired_difference, pairs_needed, smallest_possible_p

MARKERS = "osD^vP*Xh<>"
STAGES = ("embed", "cluster", "select", "train")


@dataclass(frozen=True)
class Row:
    """What became of one job. `status`: ok, cached, failed, interrupted or pending."""

    job: int
    status: str
    selector: str
    k: int
    budget: int
    options: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    key: str = ""
    run_id: str = ""
    reason: str = ""
    exit_code: int = 0
    accuracies: Sequence[float] = ()
    baseline: Sequence[float] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether the job has results."""
        return self.status in ("ok", "cached")

    @property
    def scored(self) -> bool:
        """Whether there is an accuracy to report; a study that is done has none."""
        return self.done and bool(self.accuracies)

    @cached_property
    def comparison(self) -> Comparison:
        """The paired difference to the uniform baseline, in points."""
        return paired_difference(self.accuracies, self.baseline)

    @property
    def setting(self) -> tuple[tuple[str, str], ...]:
        """Everything about data and training; rows that differ in it must not stand in one table."""
        named = {"dataset", "model", "augment", "seed"}
        return tuple(
            (name, str(value))
            for name, value in sorted(self.options.items())
            if name in named or name.startswith(("dataset.", "model.", "augment.", "trainer."))
        )


def line(row: Row) -> str:
    """One line for one finished job."""
    low, high = min(row.accuracies), max(row.accuracies)
    text = (
        f"{row.selector} k={row.k} budget={row.budget}: {median(row.accuracies):.2f} % "
        f"({low:.2f} to {high:.2f}, n={len(row.accuracies)})"
    )
    if row.selector != "uniform":
        text += f", {difference(row.comparison)} against uniform"
    return text + (" [cached]" if row.status == "cached" else f" in {sum(row.seconds.values()):.0f} s")


def difference(comparison: Comparison) -> str:
    """A paired difference with its interval, in points; a single pair has no interval.

    >>> difference(paired_difference([97.0, 96.0], [96.0, 95.0]))
    '+1.00 [+1.00, +1.00]'
    """
    if comparison.n == 1:
        return f"{comparison.mean:+.2f}"
    return f"{comparison.mean:+.2f} [{comparison.low:+.2f}, {comparison.high:+.2f}]"


def with_baselines(rows: Iterable[Row]) -> list[Row]:
    """Add one row for every baseline that no job asked for by itself, and sort by setting and budget."""
    done = [row for row in rows if row.scored]
    asked = {(row.setting, row.budget) for row in done if row.selector == "uniform"}
    for row in list(done):
        if (row.setting, row.budget) not in asked:
            asked.add((row.setting, row.budget))
            baseline = replace(row, selector="uniform", k=row.budget, accuracies=row.baseline)
            done.append(replace(baseline, seconds={"train": row.seconds.get("baseline", 0.0)}))
    return sorted(done, key=lambda row: (row.setting, row.budget, row.selector == "uniform", row.job))


def titles(rows: Iterable[Row]) -> dict[tuple, str]:
    """Name every setting: data, model and augmentation, and whatever else differs between the settings."""
    settings = {row.setting: dict(row.setting) for row in rows}
    names = sorted({name for setting in settings.values() for name in setting})
    differing = [name for name in names if len({setting.get(name) for setting in settings.values()}) > 1]
    shown = list(dict.fromkeys(["dataset", "model", "augment", *differing]))
    return {
        key: ", ".join(f"{name}={setting[name]}" for name in shown if name in setting)
        for key, setting in settings.items()
    }


def tables(rows: Sequence[Row]) -> list[Table]:
    """One table for every setting among the finished rows."""
    finished = with_baselines(rows)
    named = titles(finished)
    return [
        _table(named[setting], list(group)) for setting, group in groupby(finished, lambda row: row.setting)
    ]


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(
        title=title, caption=_caption(rows), title_justify="left", caption_justify="left", box=SIMPLE
    )
    table.add_column("selector", no_wrap=True)
    for name in ("k", "budget", "n", "median %", "min to max", "against uniform", "select s", "train s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("cached")
    for index, row in enumerate(rows):
        ends = index + 1 < len(rows) and rows[index + 1].budget != row.budget
        table.add_row(*_cells(row), end_section=ends)
    return table


def _cells(row: Row) -> tuple[str, ...]:
    selecting = sum(row.seconds.get(stage, 0.0) for stage in STAGES[:3])
    return (
        row.selector,
        str(row.k),
        str(row.budget),
        str(len(row.accuracies)),
        f"{median(row.accuracies):.2f}",
        f"{min(row.accuracies):.2f} to {max(row.accuracies):.2f}",
        "baseline" if row.selector == "uniform" else difference(row.comparison),
        f"{selecting:.1f}",
        f"{row.seconds.get('train', 0.0):.1f}",
        "yes" if row.status == "cached" else "no",
    )


def _caption(rows: list[Row]) -> str:
    n = min(len(row.accuracies) for row in rows)
    text = (
        "against uniform: mean paired difference in points, 95 % bootstrap interval; seconds are the sum"
        " over the repetitions, as they were when computed."
    )
    if smallest_possible_p(n) > 0.05:
        text += (
            f" With n={n} pairs no exact two-sided test reaches 5 % (smallest p"
            f" {smallest_possible_p(n):.3g}); seeds={pairs_needed(0.05)} could,"
            f" seeds={pairs_needed(0.01)} could reach 1 %."
        )
    return text


def as_dicts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Finished rows as flat records, for a csv."""
    finished = with_baselines(rows)
    named = titles(finished)
    return [
        {
            "setting": named[row.setting],
            "selector": row.selector,
            "k": row.k,
            "budget": row.budget,
            "n": len(row.accuracies),
            "median": median(row.accuracies),
            "min": min(row.accuracies),
            "max": max(row.accuracies),
            "delta_uniform": row.comparison.mean,
            "delta_low": row.comparison.low,
            "delta_high": row.comparison.high,
            "status": row.status,
        }
        for row in finished
    ]


def console() -> Console:
    """Standard output; where it is not a terminal (a file, a pipe), wide enough for the tables."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=120)


def show(rows: Sequence[Row], to: Console) -> None:
    """Print the tables of the finished rows and, below them, the jobs of a sweep that have no result."""
    for table in tables(rows):
        to.print(table)
    for row in rows:
        # What became of a single job, the command's last line tells.
        if not row.done and len(rows) > 1:
            told = f"{row.status}: {' '.join(row.overrides)} {row.reason}"
            to.print(told, markup=False, soft_wrap=True)


def files(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write the finished rows to `folder` as a csv and a figure; return their paths."""
    if not any(row.scored for row in rows):
        return []
    return [write_csv(rows, folder / "results.csv"), figure(rows, folder / "accuracy.png")]


def write_csv(rows: Sequence[Row], path: Path) -> Path:
    """Write the finished rows, one line each, and return `path`."""
    records = as_dicts(rows)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    return path


def figure(rows: Sequence[Row], path: Path) -> Path:
    """Draw test accuracy against budget, one line a selector, with the range of the repetitions."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    finished = with_baselines(rows)
    named = titles(finished)
    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    lines = sorted({(row.selector != "uniform", row.selector, row.setting) for row in finished})
    for number, (_, selector, setting) in enumerate(lines):
        cells = [row for row in finished if (row.selector, row.setting) == (selector, setting)]
        budgets, middles, below, above = _along_budgets(cells)
        axes.errorbar(
            budgets,
            middles,
            yerr=(below, above),
            label=selector if len(named) == 1 else f"{selector} ({named[setting]})",
            marker=MARKERS[number % len(MARKERS)],
            color="black" if selector == "uniform" else pyplot.colormaps["tab10"](number % 10),
            linestyle="--" if selector == "uniform" else "-",
            capsize=3,
        )
    axes.set_xscale("log")
    axes.set_xticks(sorted({row.budget for row in finished}))
    axes.get_xaxis().set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.get_xaxis().set_minor_formatter("")
    axes.set_xlabel("training images kept")
    axes.set_ylabel("test accuracy, %: median, min to max")
    axes.set_title(next(iter(named.values())) if len(named) == 1 else "", fontsize="medium")
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
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
