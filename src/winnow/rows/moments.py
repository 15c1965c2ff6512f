"""Mean and standard deviation of every channel or feature, in one pass through the rows."""

import math

import numpy as np
from jaxtyping import Float64, Shaped
from numpy import ndarray

from winnow.rows.chunks import chunks_of
from winnow.rows.row_array import RowArray

_VALUES_AT_ONCE = 2**26  # last bits of the moments depend on it


def moments_of(x: Shaped[RowArray, "n ..."]) -> tuple[Float64[ndarray, " c"], Float64[ndarray, " c"]]:
    """Return mean and standard deviation of every channel (images) or feature.

    A channel that never varies gets the deviation 1, so that dividing by it changes nothing.

    >>> moments_of(np.float32([[1, 5], [3, 5]]))
    (array([2., 5.]), array([1., 1.]))
    """
    axes = (0, 2, 3) if x.ndim == 4 else (0,)
    # Sums are taken about the first row: far from zero, squares would cancel.
    origin = x[:1].mean(axis=axes, keepdims=True, dtype=np.float64)
    total, squares = np.zeros((2, x.shape[1]))
    # In chunks: a float copy of all images would be eight times their size.
    for part in chunks_of(x, values=_VALUES_AT_ONCE):
        rows = x[part] - origin
        total, squares = total + rows.sum(axis=axes), squares + (rows**2).sum(axis=axes)
    count = math.prod(x.shape) / x.shape[1]
    deviation = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))
    mean = origin.ravel() + total / count
    return mean, np.where(deviation > 0, deviation, 1.0)
