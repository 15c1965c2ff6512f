"""Give every embedding two options: all directions count alike, and all rows are equally long.

Distances are ruled by the directions in which rows differ most. Whitening gives every direction the same
variance: it helps where what tells rows apart hides in small differences, or where features come in
unlike units, and it loses where the small directions are noise. On MNIST, 50 clusters hold one kind of
digit to 89 % instead of 80 % after whitening `patches`, and to 73 % instead of 80 % after whitening `pca`.
At length one, distance means angle: how bright or how large a row is no longer counts, only its pattern;
that loses where size is what matters (here it adds one point). Both are off unless asked for.

.. [1] Coates and Ng, "Learning Feature Representations with K-means", 2012, section 3.1 (whitening).
   https://doi.org/10.1007/978-3-642-35289-8_30
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Shaped
from numpy import ndarray
from threadpoolctl import threadpool_limits

from winnow.errors import InvalidValue
from winnow.stages import Embedding

FLOOR = 1e-10  # directions with less than this part of the largest variance are taken for rounding
WIDEST = 4096
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, kw_only=True)
class ScaledEmbedding(Embedding):
    """What `embed` returns, whitened if `whiten`, then brought to length one if `normalize`."""

    whiten: bool = False
    normalize: bool = False

    def fit_transform(self, x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
        X = self.embed(x)
        if self.whiten:
            X = whitened(X)
        return normalized(X) if self.normalize else X

    @abstractmethod
    def embed(self, x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
        """Learn from all rows of `x` and embed them, as `Embedding.fit_transform` promises."""


def whitened(X: Float32[ndarray, "n d"]) -> Float32[ndarray, "n d"]:
    """Return the rows seen from their mean along their principal axes, in units of standard deviations.

    Axes along which next to nothing varies stay next to zero. Rows that are all alike become zero.

    >>> whitened(np.float32([[0, 0], [0, 2], [100, 0], [100, 2]])).tolist()
    [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    if X.shape[1] > WIDEST:
        raise InvalidValue(
            f"rows to be whitened must have at most {WIDEST} values, got {X.shape[1]}",
            where="embedding.whiten=true",
            remedy="use an embedding of fewer values, such as embedding=pca",
        )
    with threadpool_limits(1):
        mean, covariance = _moments(X)
        variances, axes = np.linalg.eigh(covariance)
        if variances[-1] <= 0:
            return np.zeros_like(X)
        axes = fixed_signs(axes[:, ::-1]) / np.sqrt(np.maximum(variances[::-1], FLOOR * variances[-1]))
        return _in_chunks(X, lambda rows: (rows - mean) @ axes)


def normalized(X: Float32[ndarray, "n d"]) -> Float32[ndarray, "n d"]:
    """Return every row divided by its length; rows of zeros stay what they are.

    >>> normalized(np.float32([[3, 4], [0, 0]])).round(3).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """

    def to_length_one(rows: ndarray) -> ndarray:
        lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
        return rows / np.where(lengths > 0, lengths, 1)[:, None]

    return _in_chunks(X, to_length_one)


def fixed_signs(axes: Float[ndarray, "d k"]) -> Float[ndarray, "d k"]:
    """Turn every column so that its largest entry is positive: an axis is found without a direction.

    >>> fixed_signs(np.float64([[1, 2], [-3, 4]])).tolist()
    [[-1.0, 2.0], [3.0, 4.0]]
    """
    largest = np.abs(axes).argmax(axis=0)
    return axes * np.where(axes[largest, np.arange(axes.shape[1])] < 0, -1, 1)


def _moments(X: ndarray) -> tuple[ndarray, ndarray]:
    # About the first row, so that rows which are all alike have no variance at all, not even of rounding.
    origin, n = X[0].astype(np.float64), len(X)
    mean = origin + sum((rows - origin).sum(axis=0) for rows in _chunks(X)) / n
    covariance = sum((rows - mean).T @ (rows - mean) for rows in _chunks(X)) / n
    return mean, covariance


def _chunks(X: ndarray) -> list[ndarray]:
    return [X[start : start + _ROWS_AT_ONCE] for start in range(0, len(X), _ROWS_AT_ONCE)]


def _in_chunks(X: ndarray, change: Callable[[ndarray], ndarray]) -> ndarray:
    # In double precision, where no square of a float32 overflows or vanishes, with no such copy of all rows.
    changed = np.empty_like(X)
    for before, after in zip(_chunks(X), _chunks(changed), strict=True):
        after[:] = change(before.astype(np.float64))
    return changed
