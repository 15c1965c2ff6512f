"""Compare all pairs of rows as products of matrices, a tile that stays in the processor's cache at a time."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from winnow.geometry.distance import product_rounding

TILE = 512
"""Rows on either side of a tile: a megabyte of float32."""
_SAMPLE = 4096  # rows of which the middle is taken


@dataclass(frozen=True, eq=False)
class Pairs:
    """The rows of `left` paired with those of `right`: their product is half their squared distance.

    In the precision of float32, about the middle of all rows, where |x|^2 / 2 - xy + |y|^2 / 2 loses least.
    The middle is the median of some rows, which a few far ones do not move.

    >>> pairs = Pairs.of(np.float32([[0, 0], [3, 4]]))
    >>> pairs.left @ pairs.right.T
    array([[ 0. , 12.5],
           [12.5,  0. ]], dtype=float32)
    """

    left: Float32[ndarray, "n w"]
    right: Float32[ndarray, "n w"]

    @classmethod
    def of(
        cls, X: Float32[ndarray, "n d"], order: Int64[ndarray, " n"] | None = None, *, lowered: bool = False
    ) -> "Pairs":
        """Pair all rows of `X` with each other, in the given order or in their own.

        `lowered`, no product exceeds half the squared distance, whatever the rounding.
        """
        rows = X - np.median(X[:: max(len(X) // _SAMPLE, 1)], axis=0).astype(X.dtype)
        rows = rows if order is None else rows[order]
        half_squares, ones = np.einsum("nd,nd->n", rows, rows)[:, None] / 2, np.ones((len(X), 1), X.dtype)
        if lowered:
            half_squares *= 1 - product_rounding(X.shape[1])
        return cls(np.hstack([rows, ones, half_squares]), np.hstack([-rows, half_squares, ones]))

    @property
    def half_squares(self) -> Float64[ndarray, " n"]:
        """Half the squared distance of every row to the middle."""
        return self.left[:, -1].astype(np.float64)

    @property
    def rounding(self) -> float:
        """By which part of the half squares of both rows, added up, their product may be wrong."""
        return product_rounding(self.left.shape[1] - 2)

    def reach(self, rows: slice, distances: Float64[ndarray, " b"]) -> Float64[ndarray, " b"]:
        """Return what no product of these rows exceeds with a row at most so far away, whatever the rounding.

        A row y at a distance d of x has |y| <= |x| + d, which bounds the error of their product.
        """
        half_squares = self.left[rows, -1].astype(np.float64)
        of_others = (np.sqrt(2 * half_squares) + distances) ** 2 / 2
        return distances**2 / 2 + self.rounding * (half_squares + of_others)

    @staticmethod
    def less(
        left: Float32[ndarray, "b w"], bounds: Float32[ndarray, " b"] | float
    ) -> Float32[ndarray, "b w"]:
        """Return rows of `left` whose products are half the squared distances less the bounds.

        Whether a pair is within its bound is then a comparison with 0.
        """
        return np.column_stack([left[:, :-1], left[:, -1] - np.float32(bounds)])
