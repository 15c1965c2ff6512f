"""Read the column of labels: which classes there are, and whether they are classes at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.dataset._values import NUMBER, look_alikes, pairs_in_words
from winnow.dataset._wording import SPELLED_OUT, listed, named, quoted
from winnow.dataset.tables._columns import read_columns
from winnow.dataset.tables._faults import Faults
from winnow.dataset.tables._table import Table
from winnow.dataset.tables._texts import encoded, in_one_spelling

FEW = 20
"""So many different whole numbers may be classes, however few rows each has."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The names of the classes, the label of every row, and what was done to get them."""

    classes: tuple[str, ...]
    y: Int64[ndarray, " n"]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say the classes with their counts."""
        if not self.classes:
            return "no labels"
        counts = np.bincount(self.y, minlength=len(self.classes)).tolist()
        sizes = [f"{named(name)} {count:,}" for name, count in zip(self.classes, counts, strict=True)]
        return f"{len(self.classes)} classes: {listed(sizes)}"


UNLABELLED = Labels((), np.empty(0, np.int64))


def read_labels(table: Table, label: str | None, max_classes: int, faults: Faults, *, fewest: int) -> Labels:
    """Return the classes in column `label`, or none where it is None.

    What speaks against the column is added to `faults`; so are classes of less than `fewest` rows, 1 or 2.
    """
    if label is None:
        return UNLABELLED
    (column,) = read_columns(table, [table.names.index(label)], [label])
    faults.add_cells("have a label in every row", "label these rows or delete them", column, column.missing)
    values, codes = encoded(column.text)
    labels = classes_of(values, codes)
    column.text.clear()
    if column.missing:
        return labels
    if reason := not_classes(labels, max_classes):
        faults.add(
            "have classes for labels, not numbers to be predicted",
            "name a column of classes with dataset.label, or make some of the numbers (low, middle, high)",
            column,
            [f"{reason} in {column.title}"],
        )
    elif pairs := look_alikes(values):
        faults.add("spell every class in one way", "spell them alike", column, [pairs_in_words(pairs)])
    elif fewest > 1 and (single := single_rows(labels)):
        faults.add(
            "have at least 2 rows of every class",
            "a class needs one row to learn from and one to be tested on",
            column,
            [f"1 of {listed(single)}"],
        )
    blanks = (f"blanks around {column.trimmed:,} of them removed",) if column.trimmed else ()
    return Labels(labels.classes, labels.y, (*labels.notes, *blanks))


def classes_of(values: Sequence[str], codes: Int64[ndarray, " n"]) -> Labels:
    """Return the classes that the different `values` name; `codes` are the places of every row's value."""
    classes, y, merged = in_one_spelling(values, codes)
    notes = (f"{listed(map(quoted, merged))} read as numbers",) if merged else ()
    return Labels(classes, y, notes)


def single_rows(labels: Labels) -> list[str]:
    """Return the classes of which there is a single row."""
    counts = np.bincount(labels.y, minlength=len(labels.classes))
    return [quoted(name).strip("'") for name, count in zip(labels.classes, counts, strict=True) if count < 2]


def not_classes(labels: Labels, max_classes: int) -> str:
    """Say why labels are numbers to be predicted; nothing where they are classes.

    Numbers with decimals are, and so are very many whole ones, or such as hardly ever occur twice.
    """
    values, n = labels.classes, len(labels.y)
    if not all(map(NUMBER.match, values)):
        return ""
    if broken := [value for value in values if Decimal(value) % 1]:
        return listed(broken[: SPELLED_OUT // 2], len(broken))
    d = len(values)
    if d > max_classes or 2 * d > max(n, 4) or (d > FEW and n < 5 * d):
        return f"{d:,} different numbers in {n:,} rows"
    return ""
