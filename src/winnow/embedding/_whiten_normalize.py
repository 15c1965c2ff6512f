"""Whiten the rows of an embedding, and scale them to unit length, where the settings of an embedding say so.

Euclidean distances depend most on the directions of largest variance. Whitening gives every direction the
same variance: it should win where rows differ in directions of small variance, or where features have
different units, and lose where the directions of small variance are noise. Between rows of unit length the
distance depends on their angle only: this should win where brightness or size of an image means nothing, and
lose where it matters. Both are off by default. Measured on MNIST in scripts/results/embedding.md.

.. [1] Coates and Ng, "Learning Feature Representations with K-means", 2012, section 3.1 (whitening).
   https://doi.org/10.1007/978-3-642-35289-8_30
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float32, Shaped
from numpy import ndarray
from threadpoolctl import threadpool_limits

from winnow.errors import InvalidValue
from winnow.rows.row_array import RowArray
from winnow.stages import Embedding
from winnow.store.growing_array import joined

FLOOR = 1e-10  # a variance below this share of the largest is taken to be rounding
WIDEST = 4096  # values in a row; the time to find the principal axes grows with their cube
_ROWS_AT_ONCE = 4096  # rows that are converted to double precision at once


@dataclass(frozen=True, kw_only=True)
class ScaledEmbedding(Embedding):
    """An embedding whose rows can be whitened, then scaled to unit length.

    Parameters
    ----------
    whiten
        Whether to rotate the rows to their principal axes and scale every axis to variance 1.
    normalize
        Whether to divide every row by its Euclidean length, after whitening if both are set.
    """

    learns: ClassVar[bool] = True
    """Whether `embed` learns from the rows; one that does not treats every row alike, whatever the others."""

    whiten: bool = False
    normalize: bool = False

    def fit_transform(self, x: Shaped[RowArray, "n ..."]) -> Float32[ndarray, "n d"]:
        return joined(self.fit_transform_in_chunks(x))

    def fit_transform_in_chunks(self, x: Shaped[RowArray, "n ..."]) -> Iterator[Float32[ndarray, "m d"]]:
        chunks = self.embed(x)
        if self.whiten:  # the axes are those of all rows
            chunks = whitened_chunks(joined(chunks))
        return map(normalized, chunks) if self.normalize else chunks

    @property
    def embeds_test_rows(self) -> bool:
        return not (self.learns or self.whiten)

    def embed_test(
        self, x: Shaped[RowArray, "n ..."], x_test: Shaped[RowArray, "m ..."]
    ) -> Float32[ndarray, "m d"]:
        return self.fit_transform(x_test) if self.embeds_test_rows else super().embed_test(x, x_test)

    @abstractmethod
    def embed(self, x: Shaped[RowArray, "n ..."]) -> Iterator[Float32[ndarray, "m d"]]:
        """Learn from all rows of `x` and embed them, as `Embedding.fit_transform_in_chunks` promises."""


def whitened(X: Float32[ndarray, "n d"]) -> Float32[ndarray, "n d"]:
    """Return the coordinates of the centred rows along their principal axes, each with variance 1.

    Coordinates whose variance is only rounding stay close to zero. Rows that are all equal become zero.

    >>> whitened(np.float32([[0, 0], [0, 2], [100, 0], [100, 2]])).tolist()
    [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    return joined(whitened_chunks(X))


def whitened_chunks(X: Float32[ndarray, "n d"]) -> Iterator[Float32[ndarray, "m d"]]:
    """Yield the rows that `whitened` returns, some at a time; `X` is read twice and may be a memory map."""
    if X.shape[1] > WIDEST:
        raise InvalidValue(
            f"rows to be whitened must have at most {WIDEST} values, got {X.shape[1]}",
            where="embedding.whiten=true",
            remedy="use an embedding of fewer values, such as embedding=pca",
        )
    with threadpool_limits(1):
        mean, covariance = _moments(X)
        variances, axes = np.linalg.eigh(covariance)
        floor = FLOOR * variances[-1] if variances[-1] > 0 else np.inf  # rows that are all equal become zero
        axes = fixed_signs(axes[:, ::-1]) / np.sqrt(np.maximum(variances[::-1], floor))
    for rows in _chunks(X):
        with threadpool_limits(1):
            changed = (rows.astype(np.float64) - mean) @ axes
        yield changed.astype(np.float32)


def normalized(X: Float32[ndarray, "n d"]) -> Float32[ndarray, "n d"]:
    """Return every row divided by its Euclidean length; rows of zeros stay zero.

    >>> normalized(np.float32([[3, 4], [0, 0]])).round(3).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """

    # Double precision: no square of a float32 overflows or becomes zero in it. In chunks, because a copy of
    # all rows in double precision would take twice their memory.
    scaled = np.empty_like(X)
    for before, after in zip(_chunks(X), _chunks(scaled), strict=True):
        rows = before.astype(np.float64)
        lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
        after[:] = rows / np.where(lengths > 0, lengths, 1)[:, None]
    return scaled


def fixed_signs(axes: Float[ndarray, "d k"]) -> Float[ndarray, "d k"]:
    """Return the columns with the sign that makes the entry of largest absolute value positive.

    An eigenvector is determined only up to its sign.

    >>> fixed_signs(np.float64([[1, 2], [-3, 4]])).tolist()
    [[-1.0, 2.0], [3.0, 4.0]]
    """
    largest = np.abs(axes).argmax(axis=0)
    return axes * np.where(axes[largest, np.arange(axes.shape[1])] < 0, -1, 1)


def _moments(X: ndarray) -> tuple[ndarray, ndarray]:
    # Sums are of differences to the first row, so that equal rows have a variance of exactly zero.
    origin, n = X[0].astype(np.float64), len(X)
    mean = origin + sum((rows - origin).sum(axis=0) for rows in _chunks(X)) / n
    covariance = sum((rows - mean).T @ (rows - mean) for rows in _chunks(X)) / n
    return mean, covariance


def _chunks(X: ndarray) -> list[ndarray]:
    return [X[start : start + _ROWS_AT_ONCE] for start in range(0, len(X), _ROWS_AT_ONCE)]
