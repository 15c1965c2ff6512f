"""Rows set side by side: each with its baseline, setting by setting, with p values for every family.

Every selector is compared with the uniform baseline of the same budget, training and network, repetition by
repetition. Results of different data sets or ways of training are never put together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from winnow.errors import InvalidValue
from winnow.report._csv_file import write_csv as write_records
from winnow.report.comparison import Comparison, holm, paired_difference
from winnow.report.rows import CHOICES, STAGES, Row

UNREAD = "none"
"""The embedding or clusterer of rows whose choice reads none."""


@dataclass(frozen=True, eq=False)
class Results:
    """Rows of any number of jobs, and the questions a report has about them.

    Parameters
    ----------
    rows
        Rows of jobs in any state; a row that several jobs have in common, as their baseline, counts once.
    notes
        What a reader should know about rows that are not here, one line each.

    Examples
    --------
    >>> uniform = Row(0, "ok", "uniform", 9, 9, key="u", accuracies=[90.0, 91.0])
    >>> nearest = Row(0, "ok", "nearest", 9, 9, key="n", baseline="u", accuracies=[92.0, 92.0])
    >>> Results([uniform, nearest]).comparison(nearest).mean
    1.5
    """

    rows: Sequence[Row]
    notes: Sequence[str] = ()

    @cached_property
    def finished(self) -> list[Row]:
        """Every row with accuracies once: by setting, budget and selector, the baseline last."""
        once: dict[tuple, Row] = {}
        for row in self.rows:
            if row.scored:
                once.setdefault((row.cell, row.key), row)
        return sorted(once.values(), key=_order)

    @cached_property
    def _by_key(self) -> dict[tuple[str, str], Row]:
        return {(row.key, row.network): row for row in self.rows if row.scored}

    def baseline_of(self, row: Row) -> Row | None:
        """Return the row's baseline, itself where it is its own; None where it is not among the rows."""
        if row.is_own_baseline:
            return row
        found = self._by_key.get((row.baseline, row.network))
        return found if found and len(found.accuracies) == len(row.accuracies) else None

    def comparison(self, row: Row) -> Comparison | None:
        """Return the paired difference to the baseline, in points; None without a baseline."""
        baseline = self.baseline_of(row)
        return baseline and _paired(tuple(row.accuracies), tuple(baseline.accuracies))

    def is_compared(self, row: Row) -> bool:
        """Whether the row has a baseline other than itself."""
        return not row.is_own_baseline and self.baseline_of(row) is not None

    @cached_property
    def adjusted_p(self) -> list[float | None]:
        """The p of every finished row, adjusted by Holm's method for all of them; None if not compared."""
        compared = [row for row in self.finished if self.is_compared(row)]
        adjusted = iter(holm([self.comparison(row).p for row in compared]).tolist())
        return [next(adjusted) if self.is_compared(row) else None for row in self.finished]

    @cached_property
    def best(self) -> Row | None:
        """The row of the greatest median on the job's own network, of those with a baseline if there are any.

        None without results, or where they are of several settings, which are not to be compared. Equal
        medians: the smaller budget.
        """
        own = [row for row in self.finished if not row.on_other_network]
        if len({row.setting for row in own}) != 1:
            return None
        candidates = [row for row in own if self.is_compared(row)] or own
        return max(candidates, key=lambda row: (median(row.accuracies), -row.budget))

    @cached_property
    def titles(self) -> dict[tuple, str]:
        """The name of every setting: data, model, augmentation, and what else differs between settings."""
        settings = {row.setting: dict(row.setting) for row in self.finished}
        names = sorted({name for setting in settings.values() for name in setting})
        differing = [name for name in names if len({each.get(name) for each in settings.values()}) > 1]
        shown = list(dict.fromkeys(["dataset", "model", "augment", *differing]))
        return {
            key: ", ".join(f"{name}={setting[name]}" for name in shown if name in setting)
            for key, setting in settings.items()
        }

    def by_setting(self) -> list[tuple[str, "Results"]]:
        """Return the finished rows of every setting under its title: each is one table and one family."""
        groups = groupby(self.finished, lambda row: row.setting)
        return [(self.titles[setting], Results(list(group))) for setting, group in groups]

    def label(self, row: Row) -> str:
        """Name a row by its selector, and by how it chose where the same selector is there twice.

        Below it, the result of the same kept rows on another network is named by that network.
        """
        if row.on_other_network:
            return f"  on {row.network}"
        names = self._differing.get(row.selector, ())
        choices = (
            f"{name.removeprefix('selector.')}={row.options.get(name)}"
            for name in names
            if row.options.get(name) != UNREAD
        )
        return " ".join([row.selector, *choices])

    @cached_property
    def _differing(self) -> dict[str, list[str]]:
        """For every selector, the options in which its rows differ."""
        return {
            selector: _differing([row.options for row in self.finished if row.selector == selector])
            for selector in {row.selector for row in self.finished}
        }

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return the finished rows as flat records, for a csv."""
        return [
            {"setting": title} | group._numbers(row, p)
            for title, group in self.by_setting()
            for row, p in zip(group.finished, group.adjusted_p, strict=True)
        ]

    def _numbers(self, row: Row, p: float | None) -> dict[str, Any]:
        return {
            "selector": row.selector,
            "network": row.network,
            "embedding": row.options.get("embedding"),
            "clusterer": row.options.get("clusterer"),
            "k": row.k,
            "budget": row.budget,
            "n": len(row.accuracies),
            "median": median(row.accuracies),
            "min": min(row.accuracies),
            "max": max(row.accuracies),
            "worst_class_median": median(row.worst_class) if row.worst_class else None,
            **self._difference(row),
            "p_holm": p,
            "labels_read": row.labels_read,
            "rows_of_class": " ".join(map(str, row.rows_of_class[0])) if row.rows_of_class else None,
            "absent_classes": row.absent_classes,
            "singleton_classes": row.singleton_classes,
            **{f"{stage}_seconds": row.seconds.get(stage, 0.0) for stage in STAGES},
            "status": row.status,
        }

    def _difference(self, row: Row) -> dict[str, float | int | None]:
        pairs = self.comparison(row)
        values = (pairs.mean, pairs.low, pairs.high, pairs.wins, pairs.ties, pairs.losses) if pairs else ()
        names = ("delta_uniform", "delta_low", "delta_high", "wins", "ties", "losses")
        p = pairs.p if pairs and self.is_compared(row) else None
        return dict(zip(names, values or [None] * len(names), strict=True)) | {"p": p}


def write_csv(results: Results, path: Path) -> Path:
    """Write the finished rows, one line each, and return `path`; the file is replaced as a whole.

    `rows_of_class` counts the kept rows of every class in the first repetition; classes absent or with a
    single row are counted in the repetition where they are most.

    Raises
    ------
    InvalidValue
        If no row is finished.
    """
    if not results.finished:
        raise InvalidValue("a table of results must have a finished row, got none")
    write_records(results.as_dicts(), path)
    return path


# Tables, lines, csv files and figures ask for the same comparison; its exact p adds up 2^n patterns of signs.
@lru_cache(maxsize=4096)
def _paired(a: tuple[float, ...], b: tuple[float, ...]) -> Comparison:
    return paired_difference(a, b)


def _order(row: Row) -> tuple:
    setting, budget, selector, k, choices, network = row.cell
    arm = (row.job, selector, k, choices, len(row.accuracies), row.key)
    return setting, budget, selector == "uniform", *arm, row.on_other_network, network


def _differing(alike: Sequence[Mapping[str, str]]) -> list[str]:
    names = {name for options in alike for name in options if name.startswith(CHOICES)} - {"clusterer.k"}
    return [name for name in sorted(names) if _differs(name, alike)]


def _differs(name: str, alike: Sequence[Mapping[str, str]]) -> bool:
    # That another embedding has other settings is said by its name, and that none is read by other settings.
    group = name.partition(".")[0]
    values = {(options.get(group), options.get(name)) for options in alike if options.get(group) != UNREAD}
    return len(values) > (1 if name == group else len({option for option, _ in values}))
