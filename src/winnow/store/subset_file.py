"""Read a list of kept rows again, and find its rows in a data set.

The list is one that winnow wrote, of any version, or any csv or Parquet file with the columns index and
label. Rows are found by the file or the row that they come from, where both the list and the data set say so;
otherwise by their index, and their labels or classes must agree. A spreadsheet may have saved the list again.
"""

import codecs
import csv
import io
import json
import re
from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.store._kept_table import MAGIC, NoTable, read_table
from winnow.store.kept_rows import class_in_words, place_in_words
from winnow.store.regular_file import NotReadable, read_regular, reason
from winnow.store.row_names import RowNames
from winnow.types import Dataset, Rows

MAX_BYTES = 2**30
"""Largest list that is read: some 30 million rows."""
MAX_JSON_BYTES = 2**26
LONGEST_SHOWN = 80
NAMED = 3  # rows that a message names; the others it counts
WHOLE_NUMBER = re.compile(r"^[+-]?[0-9]{1,20}$")
PLACES = ("file", "row")
DESCRIBED = ("label", "class", *PLACES)
NUMBERS = ("index", "label")
READ = ("index", *DESCRIBED)


@dataclass(frozen=True, eq=False)
class KeptRows:
    """A list of kept rows, read back in its order.

    Parameters
    ----------
    indices : index of each row among those that could be chosen.
    sha256 : checksum of the file.
    labels : number of each row's class, if the list has it.
    words : names of classes (`class`), and where rows come from (`file` or `row`), by column; in a Parquet
        file the numbers of rows are whole numbers.
    """

    indices: Int64[ndarray, " m"]
    sha256: str
    labels: Int64[ndarray, " m"] | None = None
    words: Mapping[str, Sequence[str] | Int64[ndarray, " m"]] = field(default_factory=dict)

    def check_fits(self, y: Int64[ndarray, " n"], path: str | Path) -> None:
        """Refuse a list that was made for other data than the `n` rows with these labels.

        Raises
        ------
        InvalidValue
            If an index lies beyond the data, or a label differs.
        """
        self._check_range(len(y), path)
        if self.labels is not None:
            differ = np.flatnonzero(y[self.indices] != self.labels)
            self._check_none(differ, "label", y[self.indices].tolist(), self.labels.tolist(), path)

    def rows_in(self, dataset: Dataset | Rows, path: str | Path) -> Int64[ndarray, " m"]:
        """Return the index of each row of the list in a data set.

        Raises
        ------
        InvalidValue
            If the list was made for other data, or names rows that are set aside for testing.
        """
        if dataset.origins is not None and dataset.origin in self.words:
            return self._found_by_place(dataset, path)
        self._check_range(dataset.n, path)
        if dataset.y is not None:
            self.check_fits(dataset.y, path)
            self._check_classes(dataset, self.indices, path)
        return self.indices

    def _found_by_place(self, dataset: Dataset | Rows, path: str | Path) -> Int64[ndarray, " m"]:
        kind, origins = dataset.origin, dataset.origins or ()
        if isinstance(origins, RowNames) and (numbers := _whole_numbers(self.words[kind])) is not None:
            rows = origins.places_of(numbers)
            strangers = [str(number) for number in numbers[rows < 0].tolist()]
        else:
            rows, strangers = self._found_by_name(dataset)
        if strangers:
            aside = getattr(dataset, "test_origins", None) or ()
            self._refuse(strangers, {place_in_words(origin, kind).strip() for origin in aside}, path)
        if dataset.y is not None:
            self._check_classes(dataset, rows, path)
        return rows

    def _found_by_name(self, dataset: Dataset | Rows) -> tuple[Int64[ndarray, " m"], list[str]]:
        """Return the index of each row of the list, and the places that the data set does not have."""
        kind, origins = dataset.origin, dataset.origins or ()
        listed = [str(place) for place in self.words[kind]]
        known = {place_in_words(origin, kind).strip(): index for index, origin in enumerate(origins)}
        strangers = [place for place in listed if place not in known]
        return np.array([known.get(place, -1) for place in listed], np.int64), strangers

    def _refuse(self, strangers: Sequence[str], aside: set[str], path: str | Path) -> None:
        for_testing = [place for place in strangers if place in aside]
        got = for_testing or strangers
        rule = "rows that are there to learn from" if for_testing else "rows of this data set"
        why = "are set aside for testing" if for_testing else "it does not have"
        named = ", ".join(got[:NAMED])[:LONGEST_SHOWN]
        raise _broken(
            path,
            f"list {rule}, got {len(got)} that {why}: {named}",
            "give the test set yourself: train/ and test/, x_test and y_test" if for_testing else "",
        )

    def _check_range(self, n: int, path: str | Path) -> None:
        if (largest := int(self.indices.max())) >= n:
            raise _broken(path, f"hold indices in [0, {n - 1}], got {largest}")

    def _check_classes(self, dataset: Dataset | Rows, rows: Int64[ndarray, " m"], path: str | Path) -> None:
        if "class" not in self.words:
            return
        names = [class_in_words(name) for name in dataset.classes]
        expected = [names[label] for label in dataset.y[rows].tolist()]
        pairs = zip(expected, self.words["class"], strict=True)
        differ = np.flatnonzero([one != other for one, other in pairs])
        self._check_none(differ, "class", expected, self.words["class"], path)

    def _check_none(
        self, differ: ndarray, what: str, here: Sequence, listed: Sequence, path: str | Path
    ) -> None:
        if len(differ):
            first = int(differ[0])
            raise _broken(
                path,
                f"agree with the labels of this data set, got {len(differ)} others: row "
                f"{self.indices[first]} has the {what} {here[first]}, not {listed[first]}",
            )


def read(path: str | Path) -> KeptRows:
    """Read a list of kept rows, or any csv or Parquet file with the columns index and label.

    A byte order mark, semicolons or tabs, and other columns make no difference. A json beside it that is none
    of winnow's is left alone.

    Raises
    ------
    InvalidValue
        If the file is no regular file or too large, lacks a column, holds no row, a value that is not a whole
        number, or an index twice; if the json beside it is broken, or names another sha256.
    """
    path = Path(path)
    try:
        content = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise _broken(path, f"be a readable file, got {reason(error)}") from error
    digest = sha256(content).hexdigest()
    if content.startswith(MAGIC):
        _check_digest(path, digest, "sha256_of_parquet")
        return _of_table(path, content, digest)
    _check_digest(path, digest, "sha256")
    lines = io.StringIO(_decoded(path, content), newline="")
    rows = csv.reader(lines, delimiter=_separator(content), skipinitialspace=True)
    try:
        columns = _columns(path, next(rows, []))
        numbers, words = _cells(path, rows, columns)
    except csv.Error as error:
        raise _broken(path, f"be a csv, got {error} in line {rows.line_num}") from error
    labels = np.array(numbers["label"], np.int64) if "label" in numbers else None
    return KeptRows(_distinct(path, numbers["index"]), digest, labels, words)


def _of_table(path: Path, content: bytes, digest: str) -> KeptRows:
    """Return the list in a Parquet file."""
    try:
        columns = read_table(content, READ)
    except NoTable as error:
        raise _broken(path, f"be a Parquet file that can be read, got {error}") from error
    _check_names(path, list(columns))
    numbers = {name: columns.pop(name) for name in NUMBERS if name in columns}
    for name, values in numbers.items():
        if not isinstance(values, ndarray):
            raise _broken(path, f"have whole numbers in the column {name}, got others")
    return KeptRows(_distinct(path, numbers["index"]), digest, numbers.get("label"), columns)


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Return the places of the columns that are read."""
    names = [name.strip() for name in header]
    _check_names(path, names)
    return {name: names.index(name) for name in READ if name in names}


def _check_names(path: Path, names: Sequence[str]) -> None:
    missing = [] if "index" in names else ["index"]
    if missing or not set(names) & set(DESCRIBED):
        found = ", ".join(names)[:LONGEST_SHOWN]
        lacks = "index" if missing else "label"
        raise _broken(path, f"have the columns index and label, got no {lacks} in {found!r}")


def _cells(
    path: Path, rows: Any, columns: Mapping[str, int]
) -> tuple[dict[str, "array[int]"], dict[str, list[str]]]:
    """Return the columns of numbers and those of words."""
    numbers = {name: array("q") for name in columns if name in NUMBERS}
    words: dict[str, list[str]] = {name: [] for name in columns if name not in numbers}
    for row in rows:
        if any(map(str.strip, row)):
            cells = {name: row[place].strip() if place < len(row) else "" for name, place in columns.items()}
            for name, values in numbers.items():
                values.append(_whole_number(path, cells[name], rows.line_num))
            for name, texts in words.items():
                texts.append(cells[name])
    return numbers, words


def _check_digest(path: Path, digest: str, name: str) -> None:
    """Compare with the checksum of this name in the json beside the file, if `write` made it."""
    beside = path.with_suffix(".json")
    if beside == path or not beside.is_file():
        return
    try:
        about = json.loads(read_regular(beside, MAX_JSON_BYTES))
    except NotReadable:  # nothing that `write` makes
        return
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(
            path,
            f"have beside it the {beside.name} that winnow wrote, got a broken one ({reason(error)})",
            f"remove {beside.name}, and the rows are read without a comparison",
        ) from error
    written = about.get(name) if isinstance(about, dict) else None
    if isinstance(written, str) and written != digest:
        raise _broken(
            path,
            f"match the sha256 in {beside.name}, got {digest[:12]}...",
            f"if it was changed with intent, remove {beside.name}",
        )


def _decoded(path: Path, content: bytes) -> str:
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # Other columns may hold names of files, and these any bytes.
    try:
        return content.decode(*("utf-16",) if utf_16 else ("utf-8-sig", "surrogateescape"))
    except UnicodeDecodeError as error:
        raise _broken(path, f"be text, got UTF-16 with an invalid byte at {error.start}") from error


def _separator(content: bytes) -> str:
    """Return the first separator in the file; there is none inside the names of the columns."""
    header = content[:LONGEST_SHOWN].replace(b"\0", b"").decode("latin-1")
    return next((letter for letter in header if letter in ",;\t"), ",")


def _whole_number(path: Path, cell: str, line: int) -> int:
    if not WHOLE_NUMBER.match(cell):
        shown = repr(cell[:LONGEST_SHOWN])
        raise _broken(path, f"have whole numbers in the columns index and label, got {shown} in line {line}")
    if abs(number := int(cell)) > np.iinfo(np.int64).max:
        raise _broken(path, f"have whole numbers of at most 64 bits, got {cell} in line {line}")
    return number


def _whole_numbers(places: Sequence[str] | Int64[ndarray, " m"]) -> Int64[ndarray, " m"] | None:
    """Return the numbers that the words stand for, if all do."""
    if isinstance(places, ndarray):
        return places
    with suppress(ValueError, OverflowError):
        return np.array([int(place) for place in places], np.int64)
    return None


def _distinct(path: Path, indices: "array[int] | Int64[ndarray, ' m']") -> Int64[ndarray, " m"]:
    rows = np.array(indices, np.int64)
    if len(rows) == 0:
        raise _broken(path, "hold distinct indices of at least 0, got 0 rows")
    values, counts = np.unique(rows, return_counts=True)
    if counts.max() > 1:
        raise _broken(path, f"hold distinct indices of at least 0, got {values[counts.argmax()]} twice")
    if values[0] < 0:
        raise _broken(path, f"hold distinct indices of at least 0, got {values[0]}")
    return rows


def _broken(path: str | Path, rule: str, remedy: str = "") -> InvalidValue:
    return InvalidValue(
        f"subset_file must {rule}",
        where=f"subset_file={path}",
        remedy=remedy or "use a kept.csv that winnow wrote, or a csv with the columns index,label",
    )
