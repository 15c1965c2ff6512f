"""Write a pandas table as the Parquet file that `dataset=csv` reads."""

from collections import Counter
from pathlib import Path
from typing import Any

from winnow.api._plain import labels_of, refuse_other_order
from winnow.errors import InvalidValue

LOOKED_AT = 20
"""Cells of a column that are looked at to tell whether it lists files."""


def is_frame(X: Any) -> bool:
    """Say whether it is a table of pandas."""
    return hasattr(X, "iloc") and hasattr(X, "columns")


def write_frame(frame: Any, y: Any, path: Path) -> str | None:
    """Write a table with its labels, and return the name of their column, if there is one.

    `y` are the labels, or the name of their column. Paths of images count from the current folder.

    Raises
    ------
    InvalidValue
        If columns share a name, labels do not fit the rows, or a column holds neither numbers nor text.
    """
    named = _named(frame)
    label = None
    if _names_column(frame, y):
        label = str(y)
    elif y is not None:
        label = next(name for name in ("label", "y", "class", "label_") if name not in named.columns)
        named = named.assign(**{label: _labels(frame, y)})
    for name in named.columns:
        if named[name].dtype.kind == "O" or str(named[name].dtype) in ("str", "string"):
            named[name] = _text(named[name])
    try:
        named.to_parquet(path, index=False)
    except (ValueError, TypeError, NotImplementedError) as error:  # those of pyarrow are these, too
        raise InvalidValue(
            f"X must have columns of numbers or text, got others: {' '.join(map(str, error.args))}",
            where="X",
            remedy="leave these columns out, or convert them with astype",
        ) from error
    return label


def _names_column(frame: Any, y: Any) -> bool:
    return isinstance(y, str) or (isinstance(y, int) and not isinstance(y, bool) and y in frame.columns)


def _named(frame: Any) -> Any:
    names = list(map(str, frame.columns))
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise InvalidValue(
            f"X must have different names for its columns, got {', '.join(twice)} more than once",
            where="X",
            remedy="rename or drop the columns of the same name",
        )
    return frame.set_axis(names, axis=1)


def _labels(frame: Any, y: Any) -> Any:
    refuse_other_order(frame, y)
    labels = labels_of(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (len(frame),):
        raise InvalidValue(
            f"y must be one label for each of {len(frame):,} rows, got the shape {labels.shape}", where="y"
        )
    return labels


def _text(column: Any) -> Any:
    """Return a column of text as `dataset=csv` takes it: words among numbers as words, paths in full."""
    from pandas.api.types import infer_dtype, is_scalar

    kind = infer_dtype(column, skipna=True)
    if kind.startswith("mixed") and all(map(is_scalar, column)):
        # Parquet has no such columns; the reader names the odd cells.
        return column.map(str, na_action="ignore")
    if kind != "string":
        return column
    first = [cell for cell in column.head(LOOKED_AT) if isinstance(cell, str)]
    if not any(Path(cell).suffix and is_file(cell) for cell in first):
        return column
    return column.map(lambda cell: str(Path(cell).expanduser().absolute()), na_action="ignore")


def is_file(cell: str) -> bool:
    """Say whether this is the path of a file."""
    try:
        return Path(cell).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return False
