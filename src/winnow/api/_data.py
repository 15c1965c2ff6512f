"""What a person hands in, as rows to choose from or as a data set: the same as `train.py` makes of it.

Arrays and tensors are read as `dataset=arrays` reads them, tables as `dataset=csv`, folders and lists of
images as `dataset=image_folder`. Tables and lists of paths go through a temporary Parquet file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.stages import Source
from winnow.types import Dataset, Rows

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".gz", ".bz2", ".xz", ".zip")
ARRAYS = (".npz", ".npy", ".safetensors")
IMAGE, LABEL = ("image", "img", "x"), ("label", "labels", "y", "target", "fine_label")
"""What the columns of a Hugging Face data set may be called, the likeliest first."""


def source_words(X: Any) -> dict[str, str]:
    """Return the settings of `train.py` that read such rows; the path is put in its place later.

    >>> source_words("photos"), source_words(np.zeros((2, 1)))["dataset"]
    ({'dataset': 'image_folder', 'dataset.folder': 'X'}, 'arrays')
    """
    ending = Path(X).suffix.lower() if isinstance(X, str | Path) else ""
    is_file = ending in (*TABLES, *ARRAYS) and Path(X).expanduser().is_file()
    if isinstance(X, str | Path) and not is_file:
        return {"dataset": "image_folder", "dataset.folder": "X"}
    is_table = ending in TABLES or _is_paths(X) or _is_frame(X)
    return {"dataset": "csv" if is_table else "arrays", "dataset.file": "X"}


def read_rows(source: Source, X: Any, y: Any = None) -> tuple[Rows, Path | None]:
    """Return rows to choose from, and the folder that the paths of files begin in, if they come from files.

    `source` says how to read them, by `source_words`.

    Raises
    ------
    InvalidValue
        If `X` is nothing that rows can be made of.
    DatasetUnavailable
        If a file or an array breaks a rule of its data set.
    """
    if isinstance(X, str | Path):
        path = Path(X).expanduser()
        return _at(source, path, y).rows(), path if path.is_dir() else path.parent
    if _is_paths(X):
        return _listed(source, X, y, lambda found: found.rows()), Path()
    if _is_frame(X):
        return _framed(source, X, y, lambda found: found.rows()), None
    return source.rows_of(_arrays(X, y)), None


def read_dataset(source: Source, X: Any, y: Any = None, X_test: Any = None, y_test: Any = None) -> Dataset:
    """Return a labelled training and test set; without a test set one is split off."""
    if isinstance(X, str | Path):
        return _at(source, Path(X).expanduser(), y).load()
    if _is_paths(X):
        return _listed(source, X, y, lambda found: found.load())
    if _is_frame(X):
        return _framed(source, X, y, lambda found: found.load())
    given = _arrays(X, y)
    if "y" not in given:
        raise InvalidValue("y must be the labels of X, got none", remedy="winnow.select needs no labels")
    if X_test is not None:
        given |= {f"{name}_test": array for name, array in _arrays(X_test, y_test).items()}
    return source.dataset_of(given)


def _at(source: Source, path: Path, y: Any) -> Source:
    """Return what reads this folder or file; `y` may name the column of labels of a table."""
    from winnow.dataset.csv import CSV
    from winnow.dataset.image_folder import ImageFolder

    is_table = isinstance(source, CSV)
    if y is not None and not (is_table and isinstance(y, str)):
        raise InvalidValue(
            f"y must be None for {path}, got {type(y).__name__}",
            remedy="classes are folders; of a table, y names the column; of arrays, y is in the file",
        )
    if is_table:
        return _table(source, path, y)
    if isinstance(source, ImageFolder):
        return replace(source, folder=str(path), cache_dir=None)
    return replace(source, file=str(path))


def _table(source: Source, path: Path, label: str | None) -> Source:
    named = {} if label is None else {"label": label}
    return replace(source, file=str(path), cache_dir=None, **named)


def _is_paths(X: Any) -> bool:
    return isinstance(X, list | tuple) and bool(X) and all(isinstance(each, str | Path) for each in X)


def _is_frame(X: Any) -> bool:
    return hasattr(X, "iloc") and hasattr(X, "columns")


def _listed(source: Source, paths: Sequence[str | Path], y: Any, read: Callable[[Source], Any]) -> Any:
    """Read the images at some paths, by a table that lists them."""
    import pandas as pd

    frame = pd.DataFrame({"file": [str(Path(path).expanduser().absolute()) for path in paths]})
    found = _framed(source, frame, y, read)
    if found.x.ndim != 4:
        raise InvalidValue(f"X must list the files of images, got {paths[0]}", remedy="name files that exist")
    return found


def _framed(source: Source, frame: Any, y: Any, read: Callable[[Source], Any]) -> Any:
    """Read a pandas table as a Parquet file; `y` are labels, or the name of their column."""
    named = frame.rename(columns=str)
    label = y if isinstance(y, str) else None
    if y is not None and label is None:
        label = next(name for name in ("label", "y", "class", "label_") if name not in named.columns)
        named = named.assign(**{label: np.asarray(y)})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "X.parquet"
        named.to_parquet(path, index=False)
        return read(_table(source, path, label))


def _arrays(X: Any, y: Any) -> dict[str, ndarray]:
    given = _Given.of(X)
    labels = given.y if y is None else y
    return {"x": given.x} if labels is None else {"x": given.x, "y": _labels(labels)}


def _labels(y: Any) -> ndarray:
    values = _array(y)
    return values.astype(str) if values.dtype.kind == "O" else values


def _array(values: Any) -> ndarray:
    detached = values.detach().cpu() if hasattr(values, "detach") else values
    return np.asarray(detached)


@dataclass(frozen=True, eq=False)
class _Given:
    """The arrays in what a person handed in."""

    x: ndarray
    y: Any = None

    @classmethod
    def of(cls, X: Any) -> "_Given":
        """Take an array or tensor as it is, and collect the items of a data set."""
        if isinstance(X, ndarray) or hasattr(X, "detach") or isinstance(X, list | tuple):
            return cls(_array(X))
        if hasattr(X, "column_names") and hasattr(X, "__getitem__"):
            return cls._of_columns(X)
        if hasattr(X, "__getitem__") and hasattr(X, "__len__"):
            return cls._of_items([X[row] for row in range(len(X))])
        raise InvalidValue(
            f"X must be an array, a table, a data set, a folder or a list of files, got {type(X).__name__}",
            remedy="np.asarray(X) makes an array of most",
        )

    @classmethod
    def _of_columns(cls, X: Any) -> "_Given":
        image = next((name for name in IMAGE if name in X.column_names), None)
        if image is None:
            raise InvalidValue(f"X must have a column of images, image or img, got {X.column_names}")
        label = next((name for name in LABEL if name in X.column_names), None)
        items = [(row[image], row[label]) if label else row[image] for row in X]
        return cls._of_items(items)

    @classmethod
    def _of_items(cls, items: list) -> "_Given":
        """Stack the items of a data set, (x, y) or x alone."""
        pairs = all(isinstance(item, tuple | list) and len(item) == 2 for item in items)
        rows = [_array(item[0] if pairs else item) for item in items]
        if shapes := sorted({row.shape for row in rows})[1:]:
            raise InvalidValue(
                f"every item of X must have the same shape, got {rows[0].shape} and {shapes[0]}",
                remedy="resize the images before, or hand in their folder",
            )
        return cls(np.stack(rows), [item[1] for item in items] if pairs else None)
