"""Number the classes of labels that are names, or numbers that names are known for."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray

from winnow.dataset._values import look_alikes, pairs_in_words
from winnow.dataset._wording import listed, named
from winnow.errors import DatasetUnavailable

Classes = tuple[tuple[str, ...], Int64[ndarray, " n"]]


def without_empty(classes: Sequence[str], y: Int64[ndarray, " n"]) -> Classes:
    """Leave out classes without a row, such as the first of EMNIST's letters.

    >>> without_empty(("N/A", "a", "b"), np.array([1, 2, 1]))
    (('a', 'b'), array([0, 1, 0]))
    """
    present, y = np.unique(y, return_inverse=True)
    return tuple(classes[label] for label in present.tolist()), y.astype(np.int64)


def numbered(values: Sequence[Any], names: Sequence[str], place: Callable[[int], str]) -> Classes:
    """Return the classes and their numbers; `names` are those that the values 0, 1, ... stand for, if any.

    Names are in alphabetical order, numbers by their size.

    >>> numbered(["b", "a", "b"], (), str), numbered([10, 2], (), str), numbered([1, 1], ("cat", "dog"), str)
    ((('a', 'b'), array([1, 0, 1])), (('2', '10'), array([1, 0])), (('dog',), array([0, 0])))

    Raises
    ------
    DatasetUnavailable
        If a label is missing, stands for no class, differs from another in case alone, or is neither text nor
        a whole number.
    """
    kinds = {type(value) for value in values}
    if type(None) in kinds:
        raise _fault("have a label in every row, got none in", values, lambda value: value is None, place)
    if len(kinds) != 1 or not kinds <= {str, int, bool}:
        got = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise DatasetUnavailable(f"labels must be text or whole numbers, got {got}", where="dataset.label")
    if kinds == {str}:
        values = [value.strip() for value in values]
        if "" in values:
            raise _fault(
                "have a label in every row, got an empty one in", values, lambda value: not value, place
            )
        if pairs := look_alikes(sorted(set(values))):
            raise DatasetUnavailable(
                f"labels must be spelled in one way, got {pairs_in_words(pairs)}",
                where="dataset.label",
                remedy="spell them alike",
            )
    if not names or kinds != {int}:
        found, y = np.unique(np.array(values), return_inverse=True)
        return tuple(map(str, found.tolist())), y.astype(np.int64)
    y = np.array(values, np.int64)
    if not ((y >= 0) & (y < len(names))).all():
        rule = f"lie in [0, {len(names) - 1}], for which there are names, got others in"
        raise _fault(rule, values, lambda value: not 0 <= value < len(names), place)
    return without_empty(names, y)


def check_learnt(classes: Sequence[str], y: Int64[ndarray, " n"], trains: Bool[ndarray, " n"]) -> None:
    """Refuse classes that occur in the test set alone: no network could know them.

    Raises
    ------
    DatasetUnavailable
        Naming them.
    """
    counts = np.bincount(y[trains], minlength=len(classes))
    if unknown := [classes[label] for label in np.flatnonzero(counts == 0).tolist()]:
        raise DatasetUnavailable(
            f"test labels must occur in training, got {listed(map(named, unknown))}",
            where="dataset.label",
            remedy="remove these test rows, or choose another split: those for tests may come without labels",
        )


def _fault(
    rule: str, values: Sequence[Any], is_wrong: Callable[[Any], bool], place: Callable[[int], str]
) -> DatasetUnavailable:
    rows = [row for row, value in enumerate(values) if is_wrong(value)]
    return DatasetUnavailable(
        f"labels must {rule} {listed(map(place, rows[:8]), len(rows))}",
        where="dataset.label",
        remedy="label these rows, or choose another split: those for tests may come without labels",
    )
