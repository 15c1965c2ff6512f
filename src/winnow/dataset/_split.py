"""Set aside a test part in which every class has its share, by scikit-learn's stratified split."""

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.errors import InvalidValue


def stratified_split(
    y: Int64[ndarray, " n"], test_fraction: float, seed: int
) -> tuple[Int64[ndarray, " train"], Int64[ndarray, " test"]]:
    """Return the rows of the training and of the test part, both in increasing order.

    Each class gives its share of `test_fraction` of all rows to the test part, rounded up or down as
    scikit-learn's `train_test_split(stratify=y)` does, and at least one row to each part.

    >>> train, test = stratified_split(np.array([0, 0, 0, 0, 1, 1, 1, 1]), 0.25, seed=0)
    >>> len(train), len(test), len(np.intersect1d(train, test))
    (6, 2, 0)

    Raises
    ------
    InvalidValue
        If a class has a single row, which cannot be in both parts.
    """
    from sklearn.model_selection import train_test_split

    classes, sizes = np.unique(y, return_counts=True)
    if sizes.min() < 2:
        single = classes[sizes.argmin()]
        raise InvalidValue(f"every class must have at least 2 rows to be split, got 1 in class {single}")
    # scikit-learn refuses fewer rows than there are classes.
    drawn = int(np.clip(round(test_fraction * len(y)), len(classes), len(y) - len(classes)))
    train, test = train_test_split(np.arange(len(y)), test_size=drawn, random_state=seed, stratify=y)
    # The share of a small class may have been rounded down to no row.
    for_test, for_training = _absent(y, train, test), _absent(y, test, train)
    train = np.concatenate([np.setdiff1d(train, for_test), for_training])
    test = np.concatenate([np.setdiff1d(test, for_training), for_test])
    return np.sort(train), np.sort(test)


def _absent(
    y: Int64[ndarray, " n"], part: Int64[ndarray, " m"], other: Int64[ndarray, " o"]
) -> Int64[ndarray, " _"]:
    """Return one row from `part` of every class that `other` lacks."""
    classes, first = np.unique(y[part], return_index=True)
    return part[first[~np.isin(classes, y[other])]]
