"""Results to look at: the line after each job, the table after a sweep, and its csv.

Medians and spread over repetitions, never the best; every selector beside the uniform baseline of the
same budget, as a paired difference with its 95 % bootstrap interval and its exact p, adjusted for the
number of comparisons in the table. Results of different data sets are never put into one table.
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

from winnow.statistics import Comparison, holm, paired_difference, pairs_needed, smallest_possible_p

# What is its own baseline: there is nothing to compare it with.
UNCOMPARED = ("uniform", "full")
# What may set apart two rows of one selector, besides k and budget.
CHOICES = ("selector.", "embedding", "clusterer")
STAGES = ("embed", "cluster", "select", "train")
NUMBERS = ("k", "budget", "n", "median %", "min to max", "against uniform", "p (Holm)")
SECONDS = ("select s", "train s")


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
    worst_class: Sequence[float] = ()
    baseline: Sequence[float] = ()
    baseline_worst_class: Sequence[float] = ()
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
    def compared(self) -> bool:
        """Whether the baseline is something else than the row itself."""
        return self.selector not in UNCOMPARED

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
    if row.compared:
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
            results = {"accuracies": row.baseline, "worst_class": row.baseline_worst_class}
            seconds = {"train": row.seconds.get("baseline", 0.0)}
            done.append(replace(row, selector="uniform", k=row.budget, **results, seconds=seconds))
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
    return [_table(title, group) for title, group in _by_setting(rows)]


def _by_setting(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """The finished rows and their baselines, setting by setting, each under its title."""
    finished = with_baselines(rows)
    named = titles(finished)
    return [(named[setting], list(group)) for setting, group in groupby(finished, lambda row: row.setting)]


def adjusted_p(family: Sequence[Row]) -> list[float | None]:
    """The p of every row of one setting, adjusted by Holm's method; None where nothing is compared."""
    adjusted = iter(holm([row.comparison.p for row in family if row.compared]).tolist())
    return [next(adjusted) if row.compared else None for row in family]


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(
        title=title,
        caption=_caption(rows),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("selector")
    for name in (*NUMBERS, *SECONDS):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("cached", no_wrap=True)
    for index, (row, p) in enumerate(zip(rows, adjusted_p(rows), strict=True)):
        ends = index + 1 < len(rows) and rows[index + 1].budget != row.budget
        table.add_row(label(row, rows), *_cells(row, p), end_section=ends)
    return table


def label(row: Row, among: Sequence[Row]) -> str:
    """Name a row by its selector, and by how it was chosen where the same selector stands there twice."""
    alike = [other.options for other in among if other.selector == row.selector]
    names = {name for options in alike for name in options if name.startswith(CHOICES)} - {"clusterer.k"}
    differing = [name for name in sorted(names) if _sets_apart(name, alike)]
    told = (f"{name.removeprefix('selector.')}={row.options.get(name)}" for name in differing)
    return " ".join([row.selector, *told])


def _sets_apart(name: str, alike: Sequence[Mapping[str, str]]) -> bool:
    # That another embedding has other settings is said by its name.
    group = name.partition(".")[0]
    values = {(options.get(group), options.get(name)) for options in alike}
    return len(values) > (1 if name == group else len({option for option, _ in values}))


def _cells(row: Row, p: float | None) -> tuple[str, ...]:
    selecting = sum(row.seconds.get(stage, 0.0) for stage in STAGES[:3])
    return (
        str(row.k),
        str(row.budget),
        str(len(row.accuracies)),
        f"{median(row.accuracies):.2f}",
        f"{min(row.accuracies):.2f} to {max(row.accuracies):.2f}",
        _against_uniform(row),
        "" if p is None else f"{p:.2g}",
        _seconds(selecting),
        _seconds(row.seconds.get("train", 0.0)),
        "yes" if row.status == "cached" else "no",
    )


def _against_uniform(row: Row) -> str:
    if row.selector == "uniform":
        return "baseline"
    return difference(row.comparison) if row.compared else ""


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _caption(rows: list[Row]) -> str:
    n = min(len(row.accuracies) for row in rows)
    text = (
        "against uniform: mean paired difference in points, 95 % bootstrap interval; p: exact sign-flip test,"
        " adjusted for all comparisons of this table; seconds: sum over the repetitions, when computed."
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
    return [
        {"setting": title} | _numbers(row, p)
        for title, group in _by_setting(rows)
        for row, p in zip(group, adjusted_p(group), strict=True)
    ]


def _numbers(row: Row, p: float | None) -> dict[str, Any]:
    return {
        "selector": row.selector,
        "embedding": row.options.get("embedding"),
        "clusterer": row.options.get("clusterer"),
        "k": row.k,
        "budget": row.budget,
        "n": len(row.accuracies),
        "median": median(row.accuracies),
        "min": min(row.accuracies),
        "max": max(row.accuracies),
        # Sweeps recorded before it was measured have none.
        "worst_class_median": median(row.worst_class) if row.worst_class else None,
        "delta_uniform": row.comparison.mean,
        "delta_low": row.comparison.low,
        "delta_high": row.comparison.high,
        "p": row.comparison.p if row.compared else None,
        "p_holm": p,
        "status": row.status,
    }


def console() -> Console:
    """Standard output; where it is not a terminal (a file, a pipe), wide enough for the tables."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=132)


def show(rows: Sequence[Row], to: Console) -> None:
    """Print the tables of the finished rows and, below them, the jobs of a sweep that have no result."""
    for table in tables(rows):
        to.print(table)
    for row in rows:
        # What became of a single job, the command's last line tells.
        if not row.done and len(rows) > 1:
            told = f"{row.status}: {' '.join(row.overrides)} {row.reason}"
            to.print(told, markup=False, soft_wrap=True)


def write_csv(rows: Sequence[Row], path: Path) -> Path:
    """Write the finished rows, one line each, and return `path`."""
    records = as_dicts(rows)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    return path
