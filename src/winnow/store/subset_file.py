"""Read a list of kept rows again.

The list is one that winnow wrote, of any version, or any csv or Parquet file with the columns index and
label. A spreadsheet may have saved it again.
"""

import codecs
import csv
import io
import json
import re
from array import array
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.store._kept_table import MAGIC, NoTable, read_table
from winnow.store.kept_list import LONGEST_SHOWN, KeptList, unfit
from winnow.store.regular_file import NotReadable, read_regular, reason

MAX_BYTES = 2**30
"""Largest list that is read: some 30 million rows."""
MAX_JSON_BYTES = 2**26
WHOLE_NUMBER = re.compile(r"^[+-]?[0-9]{1,20}$")
PLACES = ("file", "row")
DESCRIBED = ("label", "class", *PLACES)
NUMBERS = ("index", "label")
READ = ("index", *DESCRIBED)


def read(path: str | Path) -> KeptList:
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
        raise unfit(path, f"be a readable file, got {reason(error)}") from error
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
        raise unfit(path, f"be a csv, got {error} in line {rows.line_num}") from error
    labels = np.array(numbers["label"], np.int64) if "label" in numbers else None
    return KeptList(_distinct(path, numbers["index"]), digest, labels, words)


def _of_table(path: Path, content: bytes, digest: str) -> KeptList:
    """Return the list in a Parquet file."""
    try:
        columns = read_table(content, READ)
    except NoTable as error:
        raise unfit(path, f"be a Parquet file that can be read, got {error}") from error
    _check_names(path, list(columns))
    numbers = {name: columns.pop(name) for name in NUMBERS if name in columns}
    for name, values in numbers.items():
        if not isinstance(values, ndarray):
            raise unfit(path, f"have whole numbers in the column {name}, got others")
    return KeptList(_distinct(path, numbers["index"]), digest, numbers.get("label"), columns)


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
        raise unfit(path, f"have the columns index and label, got no {lacks} in {found!r}")


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
        raise unfit(
            path,
            f"have beside it the {beside.name} that winnow wrote, got a broken one ({reason(error)})",
            f"remove {beside.name}, and the rows are read without a comparison",
        ) from error
    written = about.get(name) if isinstance(about, dict) else None
    if isinstance(written, str) and written != digest:
        raise unfit(
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
        raise unfit(path, f"be text, got UTF-16 with an invalid byte at {error.start}") from error


def _separator(content: bytes) -> str:
    """Return the first separator in the file; there is none inside the names of the columns."""
    header = content[:LONGEST_SHOWN].replace(b"\0", b"").decode("latin-1")
    return next((letter for letter in header if letter in ",;\t"), ",")


def _whole_number(path: Path, cell: str, line: int) -> int:
    if not WHOLE_NUMBER.match(cell):
        shown = repr(cell[:LONGEST_SHOWN])
        raise unfit(path, f"have whole numbers in the columns index and label, got {shown} in line {line}")
    if abs(number := int(cell)) > np.iinfo(np.int64).max:
        raise unfit(path, f"have whole numbers of at most 64 bits, got {cell} in line {line}")
    return number


def _distinct(path: Path, indices: "array[int] | Int64[ndarray, ' m']") -> Int64[ndarray, " m"]:
    rows = np.array(indices, np.int64)
    if len(rows) == 0:
        raise unfit(path, "hold distinct indices of at least 0, got 0 rows")
    values, counts = np.unique(rows, return_counts=True)
    if counts.max() > 1:
        raise unfit(path, f"hold distinct indices of at least 0, got {values[counts.argmax()]} twice")
    if values[0] < 0:
        raise unfit(path, f"hold distinct indices of at least 0, got {values[0]}")
    return rows
