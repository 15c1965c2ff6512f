"""Turn the columns of a table into a training and a test matrix of float32."""

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray

from winnow.dataset._roles import Roles
from winnow.errors import InvalidValue
from winnow.store.regular_file import size_in_words

MAX_BYTES = 16 * 2**30
"""Largest matrix that is made."""


def encode(
    roles: Roles, train: Int64[ndarray, " n"], test: Int64[ndarray, " m"]
) -> tuple[Float32[ndarray, "n d"], Float32[ndarray, "m d"]]:
    """Return the features of the training and the test rows: numbers first, then categories.

    Every column is freed once it is copied.

    Raises
    ------
    InvalidValue
        If the matrix would be larger than MAX_BYTES.
    """
    learnt = [np.unique(category.codes[train]) for category in roles.categories]
    width = len(roles.numbers) + sum(map(len, learnt))
    if (size := 4 * width * (len(train) + len(test))) > MAX_BYTES:
        raise InvalidValue(
            f"the matrix of a table must have at most {size_in_words(MAX_BYTES)}, got {size_in_words(size)}",
            remedy="leave columns of many categories out with dataset.ignored",
        )
    x, x_test = (np.zeros((len(rows), width), np.float32) for rows in (train, test))
    for at, column in enumerate(roles.numbers):
        values, column.values = column.values, np.empty(0, np.float32)
        mean, deviation = values[train].mean(dtype=np.float64), values[train].std(dtype=np.float64)
        for part, rows in ((x, train), (x_test, test)):
            part[:, at] = (values[rows] - mean) / (deviation if deviation > 0 else 1)
    start = len(roles.numbers)
    for category, known in zip(roles.categories, learnt, strict=True):
        for part, rows in ((x, train), (x_test, test)):
            codes = category.codes[rows]
            place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
            seen = np.flatnonzero(known[place] == codes)
            part[seen, start + place[seen]] = 1
        start += len(known)
    return x, x_test
