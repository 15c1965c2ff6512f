"""The kept rows as a file a person can open, share, check, and train on again.

`repetition-0.csv` has one line for each kept row: index, label, cluster, distance; and, where the data set
says where its rows come from, the name of the class and the file. Beside it, `repetition-0.json` says where
it came from, how many rows of each class were kept, how many classes have none or a single one, and in how
many clusters there was nothing to choose, and carries the sha256 of the csv. Where floating point may differ
between machines, these indices are the reproducible object.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.types import Clustering, Dataset

COLUMNS = ("index", "label", "cluster", "distance")
ORIGIN = ("class", "file")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes the beginning of a formula for


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
    path.write_bytes(content)
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
    path.with_suffix(".json").write_text(json.dumps(about, indent=2) + "\n")
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


def read(path: str | Path) -> KeptRows:
    """Read a csv written by `write`, or any csv with the columns index and label.

    Raises
    ------
    InvalidValue
        If the file is missing, lacks a column, holds no row, a value that is not a whole number, or an
        index twice; or if its sha256 is not the one in the json beside it.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _broken(path, f"be a readable file, got {error.strerror}") from error
    digest = sha256(content).hexdigest()
    about = path.with_suffix(".json")
    if about.is_file() and json.loads(about.read_text()).get("sha256", digest) != digest:
        raise _broken(path, f"match the sha256 in {about.name}, got {digest[:12]}...")
    rows = list(csv.DictReader(io.StringIO(content.decode(errors="replace"))))
    try:
        indices, labels = (np.array([int(row[name]) for row in rows], np.int64) for name in COLUMNS[:2])
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(path, f"have whole numbers in the columns index and label, got {error}") from error
    if len(indices) == 0 or len(np.unique(indices)) != len(indices) or indices.min() < 0:
        raise _broken(path, f"hold distinct indices of at least 0, got {len(indices)} rows")
    return KeptRows(indices, labels, digest)


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


def _broken(path: Path, rule: str) -> InvalidValue:
    return InvalidValue(
        f"subset_file must {rule}",
        where=f"subset_file={path}",
        remedy="use a repetition-*.csv that winnow wrote, or a csv with the columns index,label",
    )
