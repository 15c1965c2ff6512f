"""Set aside a test part in which every class has its share."""

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.errors import InvalidValue


def stratified_split(
    y: Int64[ndarray, " n"], test_fraction: float, seed: int
) -> tuple[Int64[ndarray, " train"], Int64[ndarray, " test"]]:
    """Return the rows of the training and of the test part, both in increasing order.

    Each class gives `test_fraction` of its rows to the test part, rounded, and at least one to each part.

    >>> train, test = stratified_split(np.array([0, 0, 0, 0, 1, 1, 1, 1]), 0.25, seed=0)
    >>> len(train), len(test), len(np.intersect1d(train, test))
    (6, 2, 0)

    Raises
    ------
    InvalidValue
        If a class has a single row, which cannot be in both parts.
    """
    rng = np.random.default_rng(seed)
    in_test = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        if len(rows) < 2:
            raise InvalidValue(f"every class must have at least 2 rows to be split, got 1 in class {label}")
        share = np.clip(round(test_fraction * len(rows)), 1, len(rows) - 1)
        in_test[rng.permutation(rows)[:share]] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)
