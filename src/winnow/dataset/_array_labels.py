"""Read an array of labels, numbers or text, one for each row of another array."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.dataset._array_files import unfit
from winnow.dataset._values import look_alikes, pairs_in_words
from winnow.dataset._wording import listed, named
from winnow.dataset.tables._labels import Labels, classes_of, not_classes


def labels_in(y: ndarray, n: int, max_classes: int, file: str) -> Labels:
    """Return the classes of `n` rows.

    Raises
    ------
    DatasetUnavailable
        If there is not one label for each row, or the labels are numbers to be predicted.
    """
    values, codes = _distinct(y, n, "y", file)
    labels = classes_of(values, codes)
    if reason := not_classes(labels, max_classes):
        raise unfit(
            file,
            f"have classes for labels, not numbers to be predicted, got {reason}",
            "make classes of the numbers, or raise dataset.max_classes",
        )
    if pairs := look_alikes(values):
        raise unfit(file, f"spell every class in one way, got {pairs_in_words(pairs)}", "spell them alike")
    return labels


def labels_of_known(y: ndarray, n: int, classes: Sequence[str], file: str) -> Int64[ndarray, " m"]:
    """Return the numbers of the classes of `n` test rows.

    Raises
    ------
    DatasetUnavailable
        If there is not one label for each row, or a class that is none of `classes`.
    """
    values, codes = _distinct(y, n, "y_test", file)
    if unknown := [value for value in values if value not in classes]:
        raise unfit(
            file,
            f"have test labels that occur in training, got {listed(map(named, unknown))}",
            "remove these test rows, or add such rows to train on",
        )
    return np.array([classes.index(value) for value in values], np.int64)[codes]


def _distinct(y: ndarray, n: int, name: str, file: str) -> tuple[list[str], Int64[ndarray, " n"]]:
    """Return the different labels as text, and the place of every row's."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or len(y) != n:
        remedy = "where a row marks its class by a one, argmax(axis=1) gives it" if y.ndim == 2 else ""
        raise unfit(file, f"have one label for each of {n:,} rows, got the shape {y.shape} of {name}", remedy)
    if y.dtype.kind not in "biufUS":
        raise unfit(file, f"have whole numbers or text for labels, got the type {y.dtype} of {name}")
    if y.dtype.kind == "f" and len(odd := np.flatnonzero(~np.isfinite(y))):
        raise unfit(file, f"have a label in every row, got {y[odd[0]]} in row {odd[0]} of {name}")
    values, codes = np.unique(y, return_inverse=True)
    if y.dtype.kind == "S":
        values = _decoded(values, name, file)
    if y.dtype.kind == "f" and (np.floor(values) == values).all():
        values = values.astype(np.int64)
    return _stripped([str(value).strip() for value in values], codes.astype(np.int64), name, file)


def _decoded(values: ndarray, name: str, file: str) -> ndarray:
    try:
        return np.char.decode(values, "utf-8")
    except UnicodeDecodeError as error:
        raise unfit(
            file,
            f"have labels of text in UTF-8, got the bytes {error.object!r} in {name}",
            "np.char.decode(y, 'latin-1') reads those of another encoding",
        ) from error


def _stripped(
    values: list[str], codes: Int64[ndarray, " n"], name: str, file: str
) -> tuple[list[str], Int64[ndarray, " n"]]:
    """Bring values that differed in blanks to one."""
    if "" in values:
        row = int(np.argmax(codes == values.index("")))
        raise unfit(file, f"have a label in every row, got an empty one in row {row} of {name}")
    unique = list(dict.fromkeys(values))
    return unique, np.array([unique.index(value) for value in values], np.int64)[codes]
