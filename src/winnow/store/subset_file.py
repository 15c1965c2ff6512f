"""Read a list of kept rows again, and find its rows in a data set.

The list is one that winnow wrote, of any version, or any csv with the columns index and label. Rows are found
by the file or the row that they come from, where both the list and the data set say so; otherwise by their
index, and their labels or classes must agree. A spreadsheet may have saved the list again.
"""

import codecs
import csv
import io
import json
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.store.kept_rows import class_in_words, place_in_words
from winnow.store.regular_file import NotReadable, read_regular, reason
from winnow.types import Dataset, Rows

MAX_BYTES = 2**30
"""Largest list that is read: some 30 million rows."""
MAX_JSON_BYTES = 2**26
LONGEST_SHOWN = 80
NAMED = 3  # rows that a message names; the others it counts
WHOLE_NUMBER = re.compile(r"^[+-]?[0-9]{1,20}$")
PLACES = ("file", "row")
DESCRIBED = ("label", "class", *PLACES)


@dataclass(frozen=True, eq=False)
class KeptRows:
    """A list of kept rows, read back in its order.

    Parameters
    ----------
    indices : index of each row among those that could be chosen.
    sha256 : checksum of the file.
    labels : number of each row's class, if the list has it.
    words : names of classes (`class`), and where rows come from (`file` or `row`), by column.
    """

    indices: Int64[ndarray, " m"]
    sha256: str
    labels: Int64[ndarray, " m"] | None = None
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

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
        known = {place_in_words(origin, kind).strip(): index for index, origin in enumerate(origins)}
        strangers = [place for place in self.words[kind] if place not in known]
        if strangers:
            aside = getattr(dataset, "test_origins", None) or ()
            self._refuse(strangers, {place_in_words(origin, kind).strip() for origin in aside}, path)
        rows = np.array([known[place] for place in self.words[kind]], np.int64)
        if dataset.y is not None:
            self._check_classes(dataset, rows, path)
        return rows

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
    """Read a list of kept rows, or any csv with the columns index and label.

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
    _check_digest(path, digest)
    lines = io.StringIO(_decoded(path, content), newline="")
    rows = csv.reader(lines, delimiter=_separator(content), skipinitialspace=True)
    try:
        columns = _columns(path, next(rows, []))
        numbers, words = _cells(path, rows, columns)
    except csv.Error as error:
        raise _broken(path, f"be a csv, got {error} in line {rows.line_num}") from error
    labels = np.array(numbers["label"], np.int64) if "label" in numbers else None
    return KeptRows(_distinct(path, numbers["index"]), digest, labels, words)


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Return the places of the columns that are read."""
    names = [name.strip() for name in header]
    columns = {name: names.index(name) for name in ("index", *DESCRIBED) if name in names}
    missing = [] if "index" in columns else ["index"]
    if missing or len(columns) == 1:
        found = ", ".join(names)[:LONGEST_SHOWN]
        lacks = "index" if missing else "label"
        raise _broken(path, f"have the columns index and label, got no {lacks} in {found!r}")
    return columns


def _cells(
    path: Path, rows: Any, columns: Mapping[str, int]
) -> tuple[dict[str, "array[int]"], dict[str, list[str]]]:
    """Return the columns of numbers and those of words."""
    numbers = {name: array("q") for name in columns if name in ("index", "label")}
    words: dict[str, list[str]] = {name: [] for name in columns if name not in numbers}
    for row in rows:
        if any(map(str.strip, row)):
            cells = {name: row[place].strip() if place < len(row) else "" for name, place in columns.items()}
            for name, values in numbers.items():
                values.append(_whole_number(path, cells[name], rows.line_num))
            for name, texts in words.items():
                texts.append(cells[name])
    return numbers, words


def _check_digest(path: Path, digest: str) -> None:
    """Compare with the sha256 in the json beside the file, if `write` made it."""
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
    written = about.get("sha256") if isinstance(about, dict) else None
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


def _distinct(path: Path, indices: "array[int]") -> Int64[ndarray, " m"]:
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
