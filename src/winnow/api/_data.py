"""What a person hands in, as rows to choose from or as a data set: the same as `train.py` makes of it.

Arrays and tensors are read as `dataset=arrays` reads them, tables as `dataset=csv`, folders and lists of
images as `dataset=image_folder`. Tables and lists of paths go through a temporary Parquet file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy import ndarray

from winnow.api._frame import is_file, is_frame, write_frame
from winnow.api._plain import (
    IMAGE,
    LABEL,
    array_of,
    column_of,
    labels_of,
    paths_of,
    refuse_other_order,
    rows_of_items,
)
from winnow.errors import DatasetUnavailable, InvalidValue
from winnow.stages import Source
from winnow.types import Dataset, Rows

TABLES = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data", ".parquet", ".pq", ".gz", ".bz2", ".xz", ".zip")
ARRAYS = (".npz", ".npy", ".safetensors")
OF_NO_FILE = "X, its rows counted from 1"
"""Where faults of a table are that is in no file a person knows."""


def source_words(X: Any) -> dict[str, str]:
    """Return the settings of `train.py` that read such rows; the path is put in its place later.

    >>> source_words("."), source_words([[0.0], [1.0]])["dataset"]
    ({'dataset': 'image_folder', 'dataset.folder': 'X'}, 'arrays')

    Raises
    ------
    InvalidValue
        If there is no such folder or file, or its ending is that of none that is read.
    """
    if isinstance(X, str) and not X:  # of a variable that is empty; as a path it would be the current folder
        raise InvalidValue("what to choose from must be named, got nothing", remedy=". is the current folder")
    if isinstance(X, str | Path):
        return _words_of_path(_path(X))
    is_table = paths_of(X) is not None or is_frame(_as_frame(X))
    return {"dataset": "csv" if is_table else "arrays", "dataset.file": "X"}


def _words_of_path(path: Path) -> dict[str, str]:
    ending = path.suffix.lower()
    if path.is_file():
        if ending in (*TABLES, *ARRAYS):
            return {"dataset": "csv" if ending in TABLES else "arrays", "dataset.file": "X"}
        raise InvalidValue(
            f"a file to choose from must end in {', '.join((*TABLES, *ARRAYS))}, got {path.name}",
            where=str(path),
            remedy="of images, name their folder; a table may be saved as .csv",
        )
    if not path.exists():
        rule = f"what to choose from must be a folder or a file that exists, got {path}"
        raise InvalidValue(rule)
    return {"dataset": "image_folder", "dataset.folder": "X"}


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
        path = _path(X)
        return _at(source, path, y).rows(), path if path.is_dir() else path.parent
    if (paths := paths_of(X)) is not None:
        return _listed(source, paths, y, lambda found: found.rows()), Path()
    if is_frame(frame := _as_frame(X)):
        return _framed(source, frame, y, lambda found: found.rows()), Path()
    return source.rows_of(_arrays(X, y)), None


def read_dataset(source: Source, X: Any, y: Any = None, X_test: Any = None, y_test: Any = None) -> Dataset:
    """Return a labelled training and test set; without a test set one is split off.

    Raises
    ------
    InvalidValue
        If labels are missing, or a test set is given in part, or beside rows that are no arrays.
    DatasetUnavailable
        If a file or an array breaks a rule of its data set.
    """
    if (X_test is None) != (y_test is None):
        one, other = ("X_test", "y_test") if y_test is None else ("y_test", "X_test")
        raise InvalidValue(f"X_test and y_test must be given both or neither, got {one} without {other}")
    if isinstance(X, str | Path) or source_words(X)["dataset"] != "arrays":
        if X_test is not None:
            raise InvalidValue(
                "X_test must be None unless X is an array or a data set of arrays, got one",
                where="X_test",
                remedy="hand in arrays; of a folder, name its parts train and test; or leave both out",
            )
        return _dataset_in_files(source, X, y)
    given = _arrays(X, y)
    if "y" not in given:
        raise InvalidValue("y must be the labels of X, got none", remedy="winnow.select needs no labels")
    if X_test is not None:
        given |= {f"{name}_test": array for name, array in _arrays(X_test, y_test).items()}
    return source.dataset_of(given)


def _dataset_in_files(source: Source, X: Any, y: Any) -> Dataset:
    if isinstance(X, str | Path):
        return _at(source, _path(X), y).load()
    if (paths := paths_of(X)) is not None:
        return _listed(source, paths, y, lambda found: found.load())
    return _framed(source, _as_frame(X), y, lambda found: found.load())


def _path(X: str | Path) -> Path:
    return path if (path := Path(X)).exists() else path.expanduser()


def _as_frame(X: Any) -> Any:
    """Return a table of another library, such as pyarrow, as one of pandas; anything else as it is."""
    of_images = hasattr(X, "features")  # a data set of Hugging Face is no table of cells
    return X.to_pandas() if hasattr(X, "to_pandas") and not of_images else X


def _at(source: Source, path: Path, y: Any) -> Source:
    """Return what reads this folder or file; `y` may name the column of labels of a table."""
    from winnow.dataset.csv import CSV
    from winnow.dataset.image_folder import ImageFolder

    is_table = isinstance(source, CSV)
    if y is not None and not (is_table and isinstance(y, str)):
        raise InvalidValue(
            f"y must be None for {path}, got {type(y).__name__}",
            remedy="classes are folders; of a table, y names the column; of arrays, y is in the file of x, "
            "or in that of the setting dataset.labels",
        )
    if is_table:
        return _table(source, path, y)
    if isinstance(source, ImageFolder):
        return replace(source, folder=str(path), cache_dir=None)
    return replace(source, file=str(path))


def _table(source: Source, path: Path, label: str | None) -> Source:
    named = {} if label is None else {"label": label}
    return replace(source, file=str(path), cache_dir=None, **named)


def _listed(source: Source, paths: Sequence[str | Path], y: Any, read: Callable[[Source], Any]) -> Any:
    """Read the images at some paths, by a table that lists them."""
    import pandas as pd

    frame = pd.DataFrame({"file": [str(Path(path).expanduser().absolute()) for path in paths]})
    if not any(map(is_file, frame["file"])):
        rule = f"X must list the files of images, got {paths[0]}"
        raise InvalidValue(rule, remedy="name files that exist; their paths count from the current folder")
    found = _framed(source, frame, y, read)
    if found.x.ndim != 4:
        raise InvalidValue(f"X must list the files of images, got {paths[0]}")
    return found


def _framed(source: Source, frame: Any, y: Any, read: Callable[[Source], Any]) -> Any:
    """Read a pandas table as a Parquet file; `y` are labels, or the name of their column."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "X.parquet"
        label = write_frame(frame, y, path)
        try:
            return read(_table(source, path, label))
        except DatasetUnavailable as error:  # the file is gone when a person reads this
            raise DatasetUnavailable(error.what, where=OF_NO_FILE, remedy=error.remedy) from error


def _arrays(X: Any, y: Any) -> dict[str, ndarray]:
    refuse_other_order(X, y)
    given = _Given.of(X)
    labels = given.y if y is None else y
    return {"x": given.x} if labels is None else {"x": given.x, "y": labels_of(labels)}


@dataclass(frozen=True, eq=False)
class _Given:
    """The arrays in what a person handed in."""

    x: ndarray
    y: Any = None

    @classmethod
    def of(cls, X: Any) -> "_Given":
        """Take an array or tensor as it is, and collect the items of a data set."""
        if any(hasattr(X, name) for name in ("__array__", "detach", "toarray")) or isinstance(
            X, list | tuple
        ):
            return cls(array_of(X, "X"))
        if hasattr(X, "column_names") and not isinstance(X, Mapping):
            return cls._of_columns(X)
        if hasattr(X, "__getitem__") and hasattr(X, "__len__") and not isinstance(X, Mapping):
            return cls(*rows_of_items([X[row] for row in range(len(X))]))
        raise InvalidValue(
            f"X must be an array, a table, a data set, a folder or a list of files, got {type(X).__name__}",
            remedy="name one part of a data set of several"
            if isinstance(X, Mapping)
            else "np.asarray(X) makes an array of most",
        )

    @classmethod
    def _of_columns(cls, X: Any) -> "_Given":
        if (image := column_of(X.column_names, IMAGE)) is None:
            raise InvalidValue(
                f"X must have a column of images, image or img, got {X.column_names}",
                remedy="X.to_pandas() makes a table",
            )
        label = column_of(X.column_names, LABEL)
        return cls(*rows_of_items([(row[image], row[label]) if label else (row[image],) for row in X]))
