"""Bring what a person hands in to arrays, and refuse what would lose something on the way."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from winnow.errors import InvalidValue

IMAGE, LABEL = ("image", "img", "x"), ("label", "labels", "y", "target", "fine_label")
"""What the columns or items of a data set may be called, the likeliest first."""


def array_of(values: Any, name: str) -> ndarray:
    """Return an array or a tensor, or the equally long rows of a list, as an array; `name` is its name.

    Raises
    ------
    InvalidValue
        If it is sparse, if cells are masked, or if rows differ in shape.
    """
    if hasattr(values, "toarray"):
        rule = f"{name} must be a dense array, got {type(values).__name__}"
        raise InvalidValue(rule, where=name, remedy=f"{name}.toarray(), if that fits into memory")
    if np.ma.isMaskedArray(values):
        if masked := int(np.ma.count_masked(values)):
            rule = f"{name} must have a value in every cell, got {masked:,} that are masked"
            raise InvalidValue(rule, where=name, remedy="drop or fill these rows")
        return np.asarray(values.data)
    detached = values.detach().cpu() if hasattr(values, "detach") else values
    if "bfloat16" in str(getattr(detached, "dtype", "")):  # numpy has no such type
        detached = detached.float()
    try:
        return np.asarray(detached)
    except (TypeError, ValueError) as error:
        raise InvalidValue(
            f"{name} must be one array, got {type(values).__name__} that makes none: {error}",
            where=name,
            remedy="its rows need one shape and one type; np.asarray shows the same fault",
        ) from error


def labels_of(y: Any) -> ndarray:
    """Return labels as an array of numbers or text.

    >>> labels_of(["a", "b"]).tolist(), labels_of([1, 2]).tolist()
    (['a', 'b'], [1, 2])

    Raises
    ------
    InvalidValue
        If a row has none. As text, None and NaN would become classes.
    """
    values = array_of(y, "y")
    if values.dtype.kind not in "OU":  # NaN among numbers is refused by the data set
        return values
    # numpy makes text of a list of text and NaN.
    given = np.asarray(y, dtype=object) if isinstance(y, list | tuple) else values
    if given.dtype.kind == "O":
        _refuse_missing(given)
    return values.astype(str)


def _refuse_missing(labels: ndarray) -> None:
    import pandas as pd

    if len(rows := np.argwhere(pd.isna(labels))):
        first = tuple(rows[0])
        rule = f"y must be a label in every row, got {labels[first]} in row {first[0]}"
        others = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
        raise InvalidValue(rule + others, where="y", remedy="drop these rows, or label them")


def refuse_other_order(X: Any, y: Any) -> None:
    """Refuse labels whose index names the rows of a table in another order: rows are taken as they stand.

    Raises
    ------
    InvalidValue
        If both are of pandas, with the same index in different orders.
    """
    if not (hasattr(X, "iloc") and hasattr(y, "iloc")) or len(X) != len(y) or X.index.equals(y.index):
        return
    if X.index.is_unique and set(X.index) == set(y.index):
        raise InvalidValue(
            "y must have its rows in the order of X, got the same index in another order",
            where="y",
            remedy="y.loc[X.index]",
        )


def paths_of(X: Any) -> list | None:
    """Return the paths in a list, an array or a column of text; None if it is anything else.

    >>> paths_of(["a.png"]), paths_of(np.array(["a.png", "b.png"])), paths_of([1.0]), paths_of([])
    (['a.png'], ['a.png', 'b.png'], None, None)
    """
    if getattr(X, "ndim", None) == 1 and hasattr(X, "tolist"):
        X = X.tolist()
    is_listed = isinstance(X, list | tuple) and bool(X) and all(isinstance(each, str | Path) for each in X)
    return list(X) if is_listed else None


def rows_of_items(items: Sequence[Any]) -> tuple[ndarray, list | None]:
    """Return the rows of the items of a data set, and their labels, if they have some.

    An item is (x, y), (x,), x, or names with what they stand for, of which `IMAGE` and `LABEL` are known.

    Raises
    ------
    InvalidValue
        If items hold more, or their rows differ in shape.
    """
    if items and all(isinstance(item, Mapping) for item in items):
        items = _named(items)
    if all(isinstance(item, tuple | list) and len(item) == 2 for item in items):
        rows, labels = [array_of(item[0], "X") for item in items], [item[1] for item in items]
    elif items and all(isinstance(item, tuple) and len(item) == 1 for item in items):
        rows, labels = [array_of(item[0], "X") for item in items], None
    elif odd := [item for item in items if isinstance(item, tuple)]:
        raise InvalidValue(
            f"items of X must be (x, y) or x, got one of {len(odd[0])}",
            where="X",
            remedy="hand in the rows and the labels as arrays",
        )
    else:
        rows, labels = [array_of(item, "X") for item in items], None
    if shapes := sorted({row.shape for row in rows})[1:]:
        raise InvalidValue(
            f"every item of X must have the same shape, got {rows[0].shape} and {shapes[0]}",
            where="X",
            remedy="resize the images before, or hand in their folder",
        )
    return np.stack(rows), labels


def column_of(names: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the likeliest of some known names that is there."""
    return next((name for name in known if name in names), None)


def _named(items: Sequence[Mapping]) -> list[tuple]:
    names = list(items[0])
    if (image := column_of(names, IMAGE)) is None:
        rule = f"items of X must have an image, one of {', '.join(IMAGE)}, got {', '.join(map(str, names))}"
        raise InvalidValue(rule, where="X", remedy="hand in the rows and the labels as arrays")
    label = column_of(names, LABEL)
    return [(item[image], item[label]) if label else (item[image],) for item in items]
