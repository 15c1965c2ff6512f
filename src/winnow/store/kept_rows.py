"""The kept rows as a file that a person can open, share, check, and train on again.

`kept.csv` has one line for each row that repetition 0 kept: the file or the row that it comes from, where the
data set says so; the name of its class, if it has one; its index among the rows that could be chosen; its
cluster and the distance to the centroid; the repetition; and the round in which it was chosen, if that was
not done at once. `kept-1.csv` and so on are the choices of the other repetitions. A list of more than a
million rows is a Parquet file, too. Beside each, a json says where it came from, how many rows of each class
were kept, how many classes have none or a single one, and in how many clusters there was nothing to choose,
and carries the sha256 of both. Where floating point may differ between machines, these lists are the
reproducible object.

`split.csv` says which rows could be chosen and which were set aside for testing.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8
from numpy import ndarray

from winnow.store._kept_table import LARGE, Column, csv_of, parquet_of, table_of
from winnow.store.row_names import RowNames
from winnow.store.whole_file import write_whole
from winnow.types import Clustering, Dataset, Rows

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes the beginning of a formula for


def name_of(repetition: int) -> str:
    """Return the name of the list of a repetition; that of the first is the one to use.

    >>> name_of(0), name_of(2)
    ('kept.csv', 'kept-2.csv')
    """
    return f"kept-{repetition}.csv" if repetition else "kept.csv"


def write(
    folder: Path,
    repetition: int,
    dataset: Dataset | Rows,
    indices: Int64[ndarray, " m"],
    clustering: Clustering | None,
    provenance: Mapping[str, Any],
    rounds: Int64[ndarray, " m"] | None = None,
) -> Path:
    """Write the kept rows of one repetition and return the path of the csv.

    Selectors that are blind to clusters leave the columns cluster and distance empty. More than a million
    rows are also written to a Parquet file beside it.
    """
    columns = _columns(dataset, indices, clustering, repetition, rounds)
    path = folder / name_of(repetition)
    table = table_of(columns) if len(indices) > LARGE else None
    contents = {"sha256": (path, _csv(columns) if table is None else csv_of(table))}
    if table is not None:
        contents["sha256_of_parquet"] = path.with_suffix(".parquet"), parquet_of(table)
    for each, content in contents.values():
        write_whole(each, content)
    about = {
        **{name: sha256(content).hexdigest() for name, (_, content) in contents.items()},
        "dataset": dataset.name,
        "dataset_sha256": dataset.checksum,
        "rows": len(indices),
        **_of_classes(dataset, indices),
        **(clustering.crowding if clustering is not None else {}),
        "repetition": repetition,
        **provenance,
    }
    write_whole(path.with_suffix(".json"), (json.dumps(about, indent=2) + "\n").encode())
    return path


def text(
    dataset: Dataset | Rows,
    indices: Int64[ndarray, " m"],
    clustering: Clustering | None,
    repetition: int,
    rounds: Int64[ndarray, " m"] | None = None,
) -> bytes:
    """Return the content of a list of kept rows."""
    columns = _columns(dataset, indices, clustering, repetition, rounds)
    table = table_of(columns) if len(indices) > LARGE else None
    return _csv(columns) if table is None else csv_of(table)


def _columns(
    dataset: Dataset | Rows,
    indices: Int64[ndarray, " m"],
    clustering: Clustering | None,
    repetition: int,
    rounds: Int64[ndarray, " m"] | None,
) -> dict[str, Column]:
    columns = _described(dataset.origins, dataset.origin, dataset.y, dataset.classes, indices)
    columns |= {"index": indices, "cluster": None, "distance": None}
    if clustering is not None:
        columns |= {"cluster": clustering.labels[indices], "distance": clustering.distances[indices]}
    columns["repetition"] = np.full(len(indices), repetition)
    return columns if rounds is None else columns | {"round": rounds}


def write_split(path: Path, dataset: Dataset) -> Path:
    """Write which part each row of a data set is in, and return the path.

    The index counts within the part: that of a row of the part `train` is its index in a list of kept rows.
    """
    known = dataset.origins is not None and dataset.test_origins is not None
    parts = (
        ("train", dataset.y, dataset.origins if known else None),
        ("test", dataset.y_test, dataset.test_origins if known else None),
    )
    both: dict[str, list] = {}
    for part, y, origins in parts:
        rows = np.arange(len(y))
        columns = _described(origins, dataset.origin, y, dataset.classes, rows)
        columns |= {"index": rows, "part": [part] * len(rows)}
        for name, column in columns.items():
            both.setdefault(name, []).extend(_cells(column, len(rows)))
    write_whole(path, _csv(both))
    return path


def _described(
    origins: Sequence[str] | None,
    origin: str,
    y: Int64[ndarray, " n"] | None,
    classes: Sequence[str],
    rows: Int64[ndarray, " m"],
) -> dict[str, Column]:
    """Return the columns that say where rows come from and what they are, as far as that is known."""
    columns: dict[str, Column] = {}
    if isinstance(origins, RowNames):
        columns[origin] = origins.rows[rows]
    elif origins is not None:
        columns[origin] = [place_in_words(origins[row], origin) for row in rows.tolist()]
    if y is not None:
        names = [class_in_words(name) for name in classes]
        columns["class"] = [names[label] for label in y[rows].tolist()]
    return columns


def _csv(columns: Mapping[str, Column]) -> bytes:
    n = max(len(column) for column in columns.values() if column is not None)
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows(zip(*(_cells(column, n) for column in columns.values()), strict=True))
    return written.getvalue().encode("utf-8", "surrogateescape")  # names of files may be no text


def _cells(column: Column, n: int) -> Iterable:
    if column is None:
        return [""] * n
    return column.tolist() if isinstance(column, ndarray) else column  # the writer spells floats by repr


def _of_classes(dataset: Dataset | Rows, indices: Int64[ndarray, " m"]) -> dict[str, Any]:
    if dataset.y is None:
        return {}
    counts = np.bincount(dataset.y[indices], minlength=len(dataset.classes))
    return {
        "rows_of_class": dict(zip(dataset.classes, counts.tolist(), strict=True)),
        "absent_classes": int(np.count_nonzero(counts == 0)),
        "singleton_classes": int(np.count_nonzero(counts == 1)),
    }


def picture(path: Path, dataset: Dataset | Rows, indices: Int64[ndarray, " m"], across: int = 24) -> Path:
    """Save the contact sheet of the kept images, and return `path`."""
    from PIL import Image

    Image.fromarray(contact_sheet(dataset, indices, across)).save(path)
    return path


def contact_sheet(
    dataset: Dataset | Rows, indices: Int64[ndarray, " m"], across: int = 24
) -> UInt8[ndarray, "..."]:
    """Return the first `across` kept images of every class side by side, one class a row.

    Without labels, all are of one class.
    """
    _, channels, height, width = dataset.x.shape
    y = np.zeros(dataset.n, np.int64) if dataset.y is None else dataset.y
    sheet = np.zeros((channels, height * max(1, len(dataset.classes)), width * across), np.uint8)
    for label in range(max(1, len(dataset.classes))):
        of_class = indices[y[indices] == label][:across]
        for column, index in enumerate(of_class):
            top, left = label * height, column * width
            sheet[:, top : top + height, left : left + width] = dataset.x[index]
    return sheet[0] if channels == 1 else sheet.transpose(1, 2, 0)


def class_in_words(name: str) -> str:
    """Return a name as a spreadsheet shows it, which would run a formula.

    >>> class_in_words("=1+1"), class_in_words("-1"), class_in_words("cat")
    ("'=1+1", '-1', 'cat')
    """
    return f"'{name}" if name.startswith(FORMULA) and not _is_number(name) else name


def place_in_words(origin: str, kind: str) -> str:
    """Return where a row comes from: its number, or a path that a spreadsheet takes for text.

    >>> place_in_words("line 12", "row"), place_in_words("row 3 of a.parquet", "row")
    ('12', '3 of a.parquet')
    >>> place_in_words("=1/a.png", "file"), place_in_words("cat/a.png", "file")
    ('./=1/a.png', 'cat/a.png')
    """
    if kind == "row":
        return origin.removeprefix("line ").removeprefix("row ")
    return f"./{origin}" if origin.startswith(FORMULA) else origin


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
