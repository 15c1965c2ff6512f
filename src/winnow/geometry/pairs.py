"""Compare all pairs of rows as products of matrices, a tile that stays in the processor's cache at a time."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray

TILE = 512
"""Rows on either side of a tile: a megabyte of float32."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """The rows of `left` paired with those of `right`: their product is half their squared distance.

    In the precision of float32, about the mean of all rows, where |x|^2 / 2 - xy + |y|^2 / 2 loses least.

    >>> pairs = Pairs.of(np.float32([[0, 0], [3, 4]]))
    >>> pairs.left @ pairs.right.T
    array([[ 0. , 12.5],
           [12.5,  0. ]], dtype=float32)
    """

    left: Float32[ndarray, "n w"]
    right: Float32[ndarray, "n w"]

    @classmethod
    def of(cls, X: Float32[ndarray, "n d"], order: Int64[ndarray, " n"] | None = None) -> "Pairs":
        """Pair all rows of `X` with each other, in the given order or in their own."""
        rows = X - X.mean(axis=0, dtype=np.float64).astype(X.dtype)
        rows = rows if order is None else rows[order]
        half_squares, ones = np.einsum("nd,nd->n", rows, rows)[:, None] / 2, np.ones((len(X), 1), X.dtype)
        return cls(np.hstack([rows, ones, half_squares]), np.hstack([-rows, half_squares, ones]))

    @staticmethod
    def less(
        left: Float32[ndarray, "b w"], bounds: Float32[ndarray, " b"] | float
    ) -> Float32[ndarray, "b w"]:
        """Return rows of `left` whose products are half the squared distances less the bounds.

        Whether a pair is within its bound is then a comparison with 0.
        """
        return np.column_stack([left[:, :-1], left[:, -1] - np.float32(bounds)])
