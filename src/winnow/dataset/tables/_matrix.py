"""Turn the columns of a table into a training and a test matrix of float32."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray

from winnow.dataset.tables._columns import Column
from winnow.dataset.tables._roles import Category, Roles
from winnow.errors import InvalidValue
from winnow.store.regular_file import size_in_words

MAX_BYTES = 16 * 2**30
"""Largest matrix that is made."""


def encode(
    roles: Roles, columns: Sequence[Column], train: Int64[ndarray, " n"], test: Int64[ndarray, " m"]
) -> tuple[Float32[ndarray, "n d"], Float32[ndarray, "m d"]]:
    """Return the features of the training and the test rows: numbers first, then categories.

    `columns` are all that were read. Where each is a number, the matrix that they share is the result.

    Raises
    ------
    InvalidValue
        If the matrix would be larger than MAX_BYTES.
    """
    n = len(train)
    learnt = [np.unique(category.codes[train]) for category in roles.categories]
    width = len(roles.numbers) + sum(map(len, learnt))
    if (size := 4 * width * (n + len(test))) > MAX_BYTES:
        raise InvalidValue(
            f"the matrix of a table must have at most {size_in_words(MAX_BYTES)}, got {size_in_words(size)}",
            remedy="leave columns of many categories out with dataset.ignored",
        )
    for column in roles.numbers:
        _scale(column.values, n)
    if len(roles.numbers) == len(columns) and not roles.categories:
        x = columns[0].values.base
        return x[:n], x[n:]
    x = np.zeros((n + len(test), width), np.float32)
    for at, column in enumerate(roles.numbers):
        x[:, at] = column.values
    start, order = len(roles.numbers), np.concatenate([train, test])
    for category, known in zip(roles.categories, learnt, strict=True):
        _mark(x[:, start : start + len(known)], category, known, order)
        start += len(known)
    return x[:n], x[n:]


def _scale(values: Float32[ndarray, " n"], trained: int) -> None:
    """Bring a column to mean 0 and deviation 1 over its first rows, in place."""
    mean = values[:trained].mean(dtype=np.float64)
    deviation = values[:trained].std(dtype=np.float64)
    values[:] = (values - mean) / (deviation if deviation > 0 else 1)


def _mark(
    columns: Float32[ndarray, "n v"],
    category: Category,
    known: Int64[ndarray, " v"],
    order: Int64[ndarray, " n"],
) -> None:
    """Write a one where a row has the value of a column; those of unknown values stay zero."""
    codes = category.codes[order]
    place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    seen = np.flatnonzero(known[place] == codes)
    columns[seen, place[seen]] = 1
