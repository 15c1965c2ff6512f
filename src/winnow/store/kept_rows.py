"""The kept rows as a file a person can open, share, check, and train on again.

`repetition-0.csv` has one line for each kept row: index, label, cluster, distance; and, where the data set
says where its rows come from, the name of the class and the file. Beside it, `repetition-0.json` says where
it came from, how many rows of each class were kept, how many classes have none or a single one, and in how
many clusters there was nothing to choose, and carries the sha256 of the csv. Where floating point may differ
between machines, these indices are the reproducible object.
"""

import codecs
import csv
import io
import json
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.store.regular_file import NotReadable, read_regular, reason
from winnow.store.whole_file import write_whole
from winnow.types import Clustering, Dataset

COLUMNS = ("index", "label", "cluster", "distance")
ORIGIN = ("class", "file")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes the beginning of a formula for
MAX_BYTES = 2**30
"""Largest file of kept rows that is read: some 30 million rows."""
MAX_JSON_BYTES = 2**26
LONGEST_SHOWN = 80
WHOLE_NUMBER = re.compile(r"^[+-]?[0-9]{1,20}$")


def write(
    folder: Path,
    repetition: int,
    dataset: Dataset,
    indices: Int64[ndarray, " m"],
    clustering: Clustering | None,
    provenance: Mapping[str, Any],
) -> Path:
    """Write the kept rows of one repetition and return the path of the csv.

    Selectors that are blind to clusters leave the columns cluster and distance empty.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    origins = dataset.origins
    lines.writerow(COLUMNS if origins is None else (*COLUMNS, *ORIGIN))
    where = [("", "")] * len(indices)
    if clustering is not None:
        distances = map(repr, clustering.distances[indices].tolist())
        where = zip(clustering.labels[indices].tolist(), distances, strict=True)
    for index, label, place in zip(indices.tolist(), dataset.y[indices].tolist(), where, strict=True):
        origin = () if origins is None else (_text(dataset.classes[label]), _path(origins[index]))
        lines.writerow((index, label, *place, *origin))
    content = text.getvalue().encode("utf-8", "surrogateescape")  # names of files may be no text
    path = folder / f"repetition-{repetition}.csv"
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    counts = np.bincount(dataset.y[indices], minlength=len(dataset.classes))
    about = {
        "sha256": sha256(content).hexdigest(),
        "dataset": dataset.name,
        "dataset_sha256": dataset.checksum,
        "rows": len(indices),
        "rows_of_class": dict(zip(dataset.classes, counts.tolist(), strict=True)),
        "absent_classes": int(np.count_nonzero(counts == 0)),
        "singleton_classes": int(np.count_nonzero(counts == 1)),
        **(clustering.crowding if clustering is not None else {}),
        "repetition": repetition,
        **provenance,
    }
    write_whole(path.with_suffix(".json"), (json.dumps(about, indent=2) + "\n").encode())
    return path


def picture(path: Path, dataset: Dataset, indices: Int64[ndarray, " m"], across: int = 24) -> Path:
    """Draw the first `across` kept images of every class, one class a row, and return `path`."""
    from PIL import Image

    _, channels, height, width = dataset.x.shape
    sheet = np.zeros((channels, height * len(dataset.classes), width * across), np.uint8)
    for label in range(len(dataset.classes)):
        of_class = indices[dataset.y[indices] == label][:across]
        for column, index in enumerate(of_class):
            top, left = label * height, column * width
            sheet[:, top : top + height, left : left + width] = dataset.x[index]
    Image.fromarray(sheet[0] if channels == 1 else sheet.transpose(1, 2, 0)).save(path)
    return path


@dataclass(frozen=True, eq=False)
class KeptRows:
    """A file of kept rows, read back: indices and labels in file order, and the sha256 of the file."""

    indices: Int64[ndarray, " m"]
    labels: Int64[ndarray, " m"]
    sha256: str

    def check_fits(self, y: Int64[ndarray, " n"], path: str | Path) -> None:
        """Refuse a file that was made for other data than the `n` rows with these labels.

        Raises
        ------
        InvalidValue
            If an index lies beyond the data, or a label differs.
        """
        if (largest := int(self.indices.max())) >= len(y):
            raise _broken(path, f"hold indices in [0, {len(y) - 1}], got {largest}")
        differ = np.flatnonzero(y[self.indices] != self.labels)
        if len(differ):
            first = differ[0]
            raise _broken(
                path,
                f"agree with the labels of this data set, got {len(differ)} others: row "
                f"{self.indices[first]} has the label {y[self.indices[first]]}, not {self.labels[first]}",
            )


def read(path: str | Path) -> KeptRows:
    """Read a csv written by `write`, or any csv with the columns index and label.

    A spreadsheet may have saved it again: a byte order mark, semicolons or tabs, and other columns make no
    difference. A json beside it that is none of `write`'s is left alone.

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
    text = io.StringIO(_decoded(path, content), newline="")
    rows = csv.reader(text, delimiter=_separator(content), skipinitialspace=True)
    indices, labels = array("q"), array("q")
    try:
        header = [name.strip() for name in next(rows, [])]
        if missing := [name for name in COLUMNS[:2] if name not in header]:
            found = ", ".join(header)[:LONGEST_SHOWN]
            raise _broken(path, f"have the columns index and label, got no {missing[0]} in {found!r}")
        places = [header.index(name) for name in COLUMNS[:2]]
        for row in rows:
            if any(map(str.strip, row)):
                index, label = (_whole_number(path, row, place, rows.line_num) for place in places)
                indices.append(index)
                labels.append(label)
    except csv.Error as error:
        raise _broken(path, f"be a csv, got {error} in line {rows.line_num}") from error
    return KeptRows(_distinct(path, indices), np.array(labels, np.int64), digest)


def _text(name: str) -> str:
    """Return a name as a spreadsheet shows it, which would run a formula.

    >>> _text("=1+1"), _text("-1"), _text("cat")
    ("'=1+1", '-1', 'cat')
    """
    return f"'{name}" if name.startswith(FORMULA) and not _is_number(name) else name


def _path(origin: str) -> str:
    """Return the same path so that a spreadsheet takes it for text.

    >>> _path("=1/a.png"), _path("cat/a.png")
    ('./=1/a.png', 'cat/a.png')
    """
    return f"./{origin}" if origin.startswith(FORMULA) else origin


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


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
    """Return the first separator in the file; there is none inside the names of the two columns."""
    header = content[:LONGEST_SHOWN].replace(b"\0", b"").decode("latin-1")
    return next((letter for letter in header if letter in ",;\t"), ",")


def _whole_number(path: Path, row: list[str], place: int, line: int) -> int:
    cell = row[place].strip() if place < len(row) else ""
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
        remedy=remedy or "use a repetition-*.csv that winnow wrote, or a csv with the columns index,label",
    )
