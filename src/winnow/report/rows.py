"""What became of every job, as flat rows: with their baselines, on every network, and as a csv.

Every selector stands beside the uniform baseline of the same budget, and every network beside the others
that learnt from the same rows. Results of different data sets or ways of training are never put together.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from winnow.report.comparison import Comparison, holm, paired_difference

# What is its own baseline: there is nothing to compare it with.
UNCOMPARED = ("uniform", "full")
STAGES = ("embed", "cluster", "dynamics", "select", "train")


@dataclass(frozen=True)
class Row:
    """What became of one job. `status`: ok, cached, failed, interrupted or pending.

    `transfer` holds, for every other network that was trained on the same kept rows, what is to be replaced
    in this row to make it that network's; `network` is empty where it is the job's own.
    """

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
    network: str = ""
    accuracies: Sequence[float] = ()
    worst_class: Sequence[float] = ()
    rows_of_class: Sequence[Sequence[int]] = ()
    baseline: Sequence[float] = ()
    baseline_worst_class: Sequence[float] = ()
    baseline_rows_of_class: Sequence[Sequence[int]] = ()
    labels_read: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    transfer: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

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
    def absent_classes(self) -> int:
        """Classes of which no row was kept, in the repetition where they are most."""
        return max((list(counts).count(0) for counts in self.rows_of_class), default=0)

    @property
    def singleton_classes(self) -> int:
        """Classes of which a single row was kept, in the repetition where they are most."""
        return max((list(counts).count(1) for counts in self.rows_of_class), default=0)

    @property
    def setting(self) -> tuple[tuple[str, str], ...]:
        """Everything about data and training; rows that differ in it must not stand in one table."""
        named = {"dataset", "model", "augment", "seed", "transfer"}
        return tuple(
            (name, str(value))
            for name, value in sorted(self.options.items())
            if name in named or name.startswith(("dataset.", "model.", "augment.", "trainer."))
        )


def with_networks(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield every finished row, followed by what the same kept rows were worth on other networks."""
    for row in rows:
        if row.scored:
            yield row
            yield from (replace(row, network=name, **changes) for name, changes in row.transfer.items())


def with_baselines(rows: Iterable[Row]) -> list[Row]:
    """Add one row for every baseline that no job asked for by itself, and sort by setting and budget.

    All rows together are their own baseline, and need no second row to say so.
    """
    done = [row for row in rows if row.scored]
    asked = {(row.setting, row.budget, row.network) for row in done if row.selector == "uniform"}
    for row in list(done):
        if row.compared and (cell := (row.setting, row.budget, row.network)) not in asked:
            asked.add(cell)
            done.append(_baseline_of(row))
    return sorted(
        done, key=lambda row: (row.setting, row.budget, row.selector == "uniform", row.job, row.network)
    )


def _baseline_of(row: Row) -> Row:
    return replace(
        row,
        selector="uniform",
        k=row.budget,
        accuracies=row.baseline,
        worst_class=row.baseline_worst_class,
        rows_of_class=row.baseline_rows_of_class,
        labels_read=row.budget,
        seconds={"train": row.seconds.get("baseline", 0.0)},
    )


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


def by_setting(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """The finished rows on every network, and their baselines, setting by setting, each under its title."""
    finished = with_baselines(with_networks(rows))
    named = titles(finished)
    return [(named[setting], list(group)) for setting, group in groupby(finished, lambda row: row.setting)]


def adjusted_p(family: Sequence[Row]) -> list[float | None]:
    """The p of every row of one setting, adjusted by Holm's method; None where nothing is compared."""
    adjusted = iter(holm([row.comparison.p for row in family if row.compared]).tolist())
    return [next(adjusted) if row.compared else None for row in family]


def as_dicts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Finished rows as flat records, for a csv."""
    return [
        {"setting": title} | _numbers(row, p)
        for title, group in by_setting(rows)
        for row, p in zip(group, adjusted_p(group), strict=True)
    ]


def _numbers(row: Row, p: float | None) -> dict[str, Any]:
    return {
        "selector": row.selector,
        "network": row.network or row.options.get("model"),
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
        "wins": row.comparison.wins,
        "ties": row.comparison.ties,
        "losses": row.comparison.losses,
        "p": row.comparison.p if row.compared else None,
        "p_holm": p,
        "labels_read": row.labels_read,
        "rows_of_class": " ".join(map(str, row.rows_of_class[0])) if row.rows_of_class else None,
        "absent_classes": row.absent_classes,
        "singleton_classes": row.singleton_classes,
        **{f"{stage}_seconds": row.seconds.get(stage, 0.0) for stage in STAGES},
        "status": row.status,
    }


def write_csv(rows: Sequence[Row], path: Path) -> Path:
    """Write the finished rows, one line each, and return `path`.

    `rows_of_class` counts the kept rows of every class in the first repetition; classes absent or with a
    single row are counted in the repetition where they are most.
    """
    records = as_dicts(rows)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    return path
