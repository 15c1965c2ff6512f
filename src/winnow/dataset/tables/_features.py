"""Read the features of a table: how its numbers are written, and what each of its columns is."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.dataset._container import table_fault
from winnow.dataset._wording import listed, named
from winnow.dataset.tables._columns import Column, read_columns
from winnow.dataset.tables._header import is_a_row
from winnow.dataset.tables._label_copies import label_copies
from winnow.dataset.tables._matrix import encode
from winnow.dataset.tables._numbers import Decimal, NumberFormat, Thousands, find_format
from winnow.dataset.tables._opened import OpenedTable, Parts
from winnow.dataset.tables._roles import Roles, assign_roles
from winnow.dataset.tables._summary import summary
from winnow.errors import InvalidValue


@dataclass(frozen=True)
class FeatureSettings:
    """How cells are read as features: settings of the data set, of which None is found from the cells."""

    decimal: Decimal | None
    thousands: Thousands | None
    max_categories: int


def read_features(
    opened: OpenedTable,
    settings: FeatureSettings,
    train: Int64[ndarray, " n"],
    test: Int64[ndarray, " m"],
) -> Parts:
    """Return the features of the training and the test rows, and say in one line what was taken how.

    Raises
    ------
    DatasetUnavailable
        Naming all faults of the table, or if no column is a feature, or the first line looks like a row.
    InvalidValue
        If numbers may be read in two ways, or the matrix would be too large.
    """
    table, labels = opened.table, opened.labels
    columns, numbers = _read_in_order(opened, settings, np.concatenate([train, test]))
    roles = assign_roles(columns, opened.declared, settings.max_categories, opened.faults)
    roles.left_out[:0] = ["'' (index)"] * len(table.index)
    opened.refuse_faults()
    if not roles.numbers and not roles.categories:
        raise table_fault(
            opened.path,
            f"have a feature besides the label, left out are {listed(roles.left_out)}",
            "add a column of numbers or of words that repeat",
        )
    _check_header(opened, roles)
    roles.notes.extend(label_copies(roles, labels.y) if labels.classes else ())
    x, x_test = encode(roles, columns, train, test)
    print(summary(opened, roles, numbers), file=sys.stderr)
    origins, test_origins = (tuple(map(table.place, rows.tolist())) for rows in (train, test))
    return Parts(x, x_test, origins, test_origins, "row")


def _read_in_order(
    opened: OpenedTable, settings: FeatureSettings, order: Int64[ndarray, " n"]
) -> tuple[list[Column], NumberFormat]:
    """Read all columns that may be features, and find out how numbers are written.

    Row `order[i]` of the table is row i of the matrix already when that is filled: it is never copied.
    """
    table, declared, places = opened.table, opened.declared, np.argsort(order)
    others = (*declared.labels, *declared.ignored)
    features = [at for at, name in enumerate(table.names) if name not in others and at not in table.index]
    searched = [at for at in features if table.names[at] not in declared.categorical]
    sample = [row[at].strip() for row in table.sample for at in searched if at < len(row)]
    numbers = _format(opened, settings, sample)
    columns = read_columns(table, features, declared.categorical, numbers, places)
    # What the first rows did not show, a cell further down that is no number may: `1.5`, and then `1,234.5`.
    odd = [text for column in columns for _, text in column.words.first]
    if odd and (again := _format(opened, settings, [*sample, *odd])) != numbers:
        return read_columns(table, features, declared.categorical, again, places), again
    return columns, numbers


def _format(opened: OpenedTable, settings: FeatureSettings, cells: Sequence[str]) -> NumberFormat:
    try:
        return find_format(cells, settings.decimal, settings.thousands)
    except InvalidValue as error:
        raise InvalidValue(error.what, where=str(opened.path), remedy=error.remedy) from error


def _check_header(opened: OpenedTable, roles: Roles) -> None:
    table, declared = opened.table, opened.declared
    if table.header_is_guessed and is_a_row(table.names, declared.label, opened.labels, roles):
        raise table_fault(
            opened.path,
            "name its columns in the first line, got one like those below it: "
            f"{listed(map(named, table.names))}",
            "say what it is: dataset.header=true for names, dataset.header=false for a row",
        )
