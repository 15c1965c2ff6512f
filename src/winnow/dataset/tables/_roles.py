"""Decide what every column of a table is: numbers, categories, or no feature at all.

Only what is unambiguous is decided. All that is not is refused in one error, with what to do about it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.dataset._values import look_alikes, pairs_in_words
from winnow.dataset._wording import quoted
from winnow.dataset.tables._columns import LARGEST, UNNAMED, Column
from winnow.dataset.tables._declared import Declared
from winnow.dataset.tables._faults import Faults
from winnow.dataset.tables._texts import (
    MEASURE,
    all_match,
    any_matches,
    are_measures,
    encoded,
    in_one_spelling,
)

TAKEN_FOR_CATEGORIES = 50
"""Different words in a column that is taken for categories without being declared."""
SMALLEST_RANGE = 1e-30
LARGEST_WHOLE = 2.0**53
"""Up to here every whole number is one of float64."""
DATE = (
    r"^(\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ].*)?|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}( .*)?|\d{1,2}:\d{2}(:.*)?"
    r"|\d{1,2}[ .-]*(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*[ .-]*\d{2,4}.*"
    r"|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*[ .]*\d{1,2},? *\d{2,4}.*)$"
)


@dataclass(frozen=True, eq=False)
class Category:
    """A column of names: the different `values` in order, and for every row the place of its value."""

    column: Column
    values: tuple[str, ...]
    codes: Int64[ndarray, " n"]
    merged: tuple[str, ...] = ()


@dataclass
class Roles:
    """What the columns of a table are; `left_out` says why of those that are no features."""

    numbers: list[Column] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def assign_roles(columns: Iterable[Column], declared: Declared, max_categories: int, faults: Faults) -> Roles:
    """Sort columns by what they are declared to be, or else by their cells.

    Those of which that is unclear, and declared categories of more than `max_categories` values, are added to
    `faults`.
    """
    roles = Roles()
    for column in columns:
        if column.missing.count == column.rows:
            roles.left_out.append(f"{column.title} (empty)")
        elif column.name in declared.categorical:
            _add_category(column, roles, faults, max_categories)
        elif column.numbers == column.rows and not (column.missing or column.infinite or column.large):
            _add_numbers(column, column.name in declared.numeric, roles, faults)
        elif column.numbers == 0 and not column.infinite and column.name not in declared.numeric:
            _add_text(column, roles, faults)
        else:
            _add_mixed(column, faults)
    return roles


def _add_numbers(column: Column, declared: bool, roles: Roles, faults: Faults) -> None:
    unnamed = UNNAMED.search(column.name)
    # Identifiers first: long ones are the same float64 although their digits differ.
    if not declared and column.names_rows and column.whole and _is_distinct(column):
        roles.left_out.append(f"{column.title} ({'index' if unnamed else 'identifiers'})")
    elif column.low == column.high:
        # Beyond, numbers of 64 bits are the same although their digits differ.
        alike = "constant" if abs(column.low) < LARGEST_WHOLE else "numbers too long to be told apart"
        roles.left_out.append(f"{column.title} ({alike})")
    elif unnamed:
        faults.add("have a name for every column", "name this column in the first line", column)
    elif not declared and column.names_rows and column.whole:
        faults.add(
            "hold no identifiers among its features",
            "say what it is: dataset.ignored, dataset.categorical or dataset.numeric=[{columns}]",
            column,
            [f"{column.title}, whose numbers repeat"],
        )
    elif column.high - column.low < SMALLEST_RANGE:
        faults.add(f"hold numbers that differ by {SMALLEST_RANGE:g} or more", "use a smaller unit", column)
    else:
        roles.numbers.append(column)
        if column.counts_rows:
            roles.notes.append(f"{column.title} counts the rows: dataset.ignored leaves it out")


def _add_text(column: Column, roles: Roles, faults: Faults) -> None:
    if column.missing:
        _add_mixed(column, faults)
        return
    values, codes = encoded(column.text)
    if {value.lower() for value in values} == {"false", "true"}:
        column.values[column.places] = np.array([value.lower() == "true" for value in values])[codes]
        roles.numbers.append(column)
    elif len(values) == 1:
        roles.left_out.append(f"{column.title} (constant)")
    elif all_match(values, DATE):
        faults.add(
            "hold no dates among its features",
            "write what matters of a date as a number, or leave it out: dataset.ignored=[{columns}]",
            column,
            [f"{column.title}={quoted(values[0])}"],
        )
    elif UNNAMED.search(column.name) and len(values) < column.rows:
        faults.add("have a name for every column", "name this column in the first line", column)
    elif len(values) == column.rows and are_measures(values) and not column.names_rows:
        faults.add(
            "hold plain numbers in numeric columns",
            "write them without signs and units, or leave them out: dataset.ignored=[{columns}]",
            column,
            [f"{column.title}={quoted(values[0])}"],
        )
    elif len(values) == column.rows:
        roles.left_out.append(f"{column.title} (every row another text)")
    elif any_matches(values, MEASURE):
        _add_mixed(column, faults)
    elif len(values) > TAKEN_FOR_CATEGORIES or 2 * len(values) > column.rows:
        faults.add(
            "hold few different words in a column of categories",
            "say what it is: dataset.ignored or dataset.categorical=[{columns}]",
            column,
            [f"{len(values):,} in {column.title}"],
        )
    else:
        _add_category(column, roles, faults, TAKEN_FOR_CATEGORIES)


def _add_category(column: Column, roles: Roles, faults: Faults, most: int) -> None:
    if column.missing:
        _add_missing(column, faults)
        return
    values, codes = encoded(column.text)
    column.text.clear()
    if len(values) > most:
        faults.add(
            f"hold at most {most:,} different values in a column of categories",
            "leave it out with dataset.ignored=[{columns}], or raise dataset.max_categories",
            column,
            [f"{len(values):,} in {column.title}"],
        )
    elif pairs := look_alikes(values):
        faults.add(
            "spell every category in one way",
            "spell them alike",
            column,
            [f"{pairs_in_words(pairs)} in {column.title}"],
        )
    elif len(values) == 1:
        roles.left_out.append(f"{column.title} (constant)")
    else:
        roles.categories.append(Category(column, *in_one_spelling(values, codes)))


def _add_mixed(column: Column, faults: Faults) -> None:
    _add_missing(column, faults)
    rule = "hold finite numbers in numeric columns"
    remedy = "mend these cells, or declare dataset.categorical=[{columns}]"
    faults.add_cells(rule, remedy, column, column.words)
    faults.add_cells(rule, remedy if column.words else "mend these cells", column, column.infinite)
    faults.add_cells(
        f"hold numbers of at most {LARGEST:.1e}, the largest of float32",
        "take another unit or the logarithm of the column",
        column,
        column.large,
    )


def _add_missing(column: Column, faults: Faults) -> None:
    remedy = "fill these cells, or delete their rows or columns"
    faults.add_cells("have no missing cells", remedy, column, column.missing)


def _is_distinct(column: Column) -> bool:
    return len(encoded(column.text)[0]) == column.rows
