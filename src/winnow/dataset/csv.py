"""Read a person's own table: a csv file with one named column for the label.

Numbers are brought to mean 0 and deviation 1; a categorical column becomes one column of zeros and ones
for each of its values. Both learn from the training part only: a value that occurs in the test part alone
is all zeros. What is numeric is not guessed: a column that is not declared categorical must hold numbers,
and every cell that does not is reported, because a stray `n/a` would silently turn prices into names.

The encoding is that of scikit-learn's ColumnTransformer.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from jaxtyping import Int64
from numpy import ndarray
from pydantic import Field

from winnow.dataset._split import stratified_split
from winnow.errors import DatasetUnavailable
from winnow.stages import Source
from winnow.types import Dataset

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer

NAMED = 8  # faults spelled out in one error
Table = dict[str, list[str]]


@dataclass(frozen=True)
class CSV(Source):
    """The table in `file`: the column `label`, the `categorical` columns, and numbers in all others.

    Columns in `ignored` are left out. Classes are in the order of their names; `test_fraction` of the rows
    of each, drawn with `split_seed`, are the test set. Cells must not be empty.
    """

    file: str
    label: str
    categorical: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2
    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def load(self) -> Dataset:
        table = _read(Path(self.file))
        self._check_columns(table)
        features = {name: table[name] for name in table if name not in (self.label, *self.ignored)}
        self._check_cells(features | {self.label: table[self.label]})
        classes, y = np.unique(table[self.label], return_inverse=True)
        self._check_classes(classes, y)
        train, test = stratified_split(y, self.test_fraction, self.split_seed)
        encoder = self._encoder(list(features))
        cells = np.array(list(features.values()), dtype=object).T
        x = encoder.fit_transform(cells[train]).astype(np.float32)
        x_test = encoder.transform(cells[test]).astype(np.float32)
        return Dataset(Path(self.file).stem, x, y[train], x_test, y[test], tuple(map(str, classes)))

    def _encoder(self, names: list[str]) -> "ColumnTransformer":
        from sklearn.compose import ColumnTransformer
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        categories = [column for column, name in enumerate(names) if name in self.categorical]
        numbers = [column for column, name in enumerate(names) if name not in self.categorical]
        one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        return ColumnTransformer(
            [("numbers", StandardScaler(), numbers), ("categories", one_hot, categories)],
            sparse_threshold=0,
        )

    def _check_columns(self, table: Table) -> None:
        wanted = (self.label, *self.categorical, *self.ignored)
        if missing := [name for name in wanted if name not in table]:
            raise self._faulty(
                f"have the columns {', '.join(missing)}, got {', '.join(table)}",
                remedy="columns are named in the first line; check label, categorical and ignored",
            )
        if not table.keys() - {self.label, *self.ignored}:
            raise self._faulty("have a column besides the label", remedy="shorten dataset.ignored")

    def _check_cells(self, table: Table) -> None:
        empty, odd, columns = [], [], []
        for name, cells in table.items():
            numeric = name != self.label and name not in self.categorical
            for line, cell in enumerate(cells, start=2):
                if not cell.strip():
                    empty.append(f"{name} in row {line}")
                elif numeric and not _is_number(cell):
                    odd.append(f"{name}={cell!r} in row {line}")
                    columns += [name] if name not in columns else []
        if empty:
            raise self._faulty(
                f"have no empty cells, got {_listed(empty)}", remedy="fill these cells or drop the rows"
            )
        if odd:
            raise self._faulty(
                f"hold finite numbers in numeric columns, got {_listed(odd)}",
                remedy=f"mend these cells, or declare dataset.categorical=[{','.join(columns)}]",
            )

    def _check_classes(self, classes: ndarray, y: Int64[ndarray, " n"]) -> None:
        single = [str(name) for name, size in zip(classes, np.bincount(y), strict=True) if size < 2]
        if single:
            raise self._faulty(
                f"have at least 2 rows of every class, got 1 of {_listed(single)}",
                remedy="a class needs one row to learn from and one to be tested on",
            )

    def _faulty(self, rule: str, remedy: str) -> DatasetUnavailable:
        return DatasetUnavailable(f"the table must {rule}", where=self.file, remedy=remedy)


def _read(path: Path) -> Table:
    """Return the cells of every column as text."""
    remedy = "save it as comma-separated text in UTF-8, names of the columns in the first line"
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:  # spreadsheets begin with a mark
            header, *rows = [row for row in csv.reader(stream, strict=True) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetUnavailable(f"the table must be readable, got {error}", where=str(path)) from error
    except ValueError as error:
        raise DatasetUnavailable(
            "the table must have a first line, got none", where=str(path), remedy=remedy
        ) from error
    ragged = [
        f"{len(row)} in row {line}" for line, row in enumerate(rows, start=2) if len(row) != len(header)
    ]
    repeated = sorted({name for name in header if header.count(name) > 1})
    faults = {
        "have a row below the names of the columns, got none": not rows,
        f"have {len(header)} cells in every row, got {_listed(ragged)}": ragged,
        f"have different names for its columns, got {', '.join(repeated)} more than once": repeated,
    }
    for rule, broken in faults.items():
        if broken:
            raise DatasetUnavailable(f"the table must {rule}", where=str(path), remedy=remedy)
    return {name: [row[column] for row in rows] for column, name in enumerate(header)}


def _is_number(cell: str) -> bool:
    try:
        return isfinite(float(cell))
    except ValueError:
        return False


def _listed(faults: Iterable[str]) -> str:
    """Name the first few faults and count the others.

    >>> _listed(["a", "b"])
    'a, b'
    """
    faults = list(faults)
    others = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
    return ", ".join(faults[:NAMED]) + others
