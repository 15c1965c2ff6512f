"""Collect what is wrong with a table, so that one error says all of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from winnow.dataset._container import table_fault
from winnow.dataset._wording import listed, quoted
from winnow.dataset.tables._columns import Cells, Column
from winnow.dataset.tables._table import Table
from winnow.errors import DatasetUnavailable


@dataclass
class Faults:
    """What is wrong with a table: all of it is said in one error."""

    table: Table
    places: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    remedies: dict[str, str] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)

    def add(self, rule: str, remedy: str, column: Column, got: Sequence[str] = (), count: int = 1) -> None:
        """Note a fault of a column; in a remedy, `{columns}` stands for all that break the rule."""
        self.places.setdefault(rule, []).extend(got or [column.title])
        self.counts[rule] = self.counts.get(rule, 0) + count
        self.remedies[rule] = remedy
        self.columns.setdefault(rule, []).append(column.title)

    def add_cells(self, rule: str, remedy: str, column: Column, cells: Cells) -> None:
        """Note cells of a column, with their places in the file."""
        if cells:
            self.add(rule, remedy, column, _spelled(column, cells, self.table), cells.count)

    def __bool__(self) -> bool:
        return bool(self.places)

    def error(self, path: Path) -> DatasetUnavailable:
        """Return the error that says everything."""
        rules = [f"{rule}, got {listed(got, self.counts[rule])}" for rule, got in self.places.items()]
        remedies = [
            remedy.format(columns=",".join(dict.fromkeys(self.columns[rule])))
            for rule, remedy in self.remedies.items()
        ]
        return table_fault(path, "; ".join(rules), "; ".join(dict.fromkeys(remedies)))


def _spelled(column: Column, cells: Cells, table: Table) -> list[str]:
    """Say where the first cells of a kind are: `petal='n/a' in line 8`, or `petal in line 8` if empty."""
    title = column.title
    return [f"{title}{text and f'={quoted(text)}'} in {table.place(row)}" for row, text in cells.first]
