"""Principal components of wide rows, in a few passes over them, a chunk in memory at a time.

Randomised subspace iteration [1]_: a random subspace of a few more dimensions than components is multiplied
by the scatter matrix S = A'A of the centred rows A, again and again. It turns towards the directions of
largest variance, by the ratio of the variances at every pass. S, of d x d values, is never formed: for rows
a, the product S Q is the sum of a' (a Q).

.. [1] Halko, Martinsson and Tropp, "Finding Structure with Randomness: Probabilistic Algorithms for
   Constructing Approximate Matrix Decompositions", SIAM Review 53, 2011, algorithms 4.4 (for S, whose range
   is that of A') and 5.3 (eigenvalues of the small matrix Q'SQ). https://arxiv.org/abs/0909.4061
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float32, Float64, Shaped
from numpy import ndarray
from threadpoolctl import threadpool_limits

from winnow.embedding._range import refuse_overflow
from winnow.embedding._whiten_normalize import fixed_signs
from winnow.embedding.identity import CHUNK, flatten
from winnow.rows.chunks import chunks_of
from winnow.rows.row_array import RowArray
from winnow.store.growing_array import joined

EXTRA_DIMENSIONS = 10  # of the subspace; between 5 and 10 are advised in section 4.2 of [1]_
ITERATIONS = 4  # products with the scatter matrix
PASSES = ITERATIONS + 2  # one before for the mean, one after for the coordinates


def randomised_projection(rows: "CentredRows", components: int) -> Iterator[Float32[ndarray, "m components"]]:
    """Yield the coordinates of the rows along their principal axes, some rows at a time.

    Besides a chunk of rows, d x (components + 10) values in double precision are in memory, and a file of
    n x (components + 10) values where these are many.
    """
    n, d = rows.shape
    size = min(components + EXTRA_DIMENSIONS, n, d)
    basis = _orthonormal(np.random.default_rng(0).normal(size=(d, size)))
    for _ in range(ITERATIONS):
        basis = _orthonormal(rows.times_scatter(basis))
    coordinates = joined(rows.times(basis))
    axes = _principal_axes(coordinates, basis, components)
    for part in chunks_of(coordinates, CHUNK):
        yield _product(coordinates[part], axes)


class CentredRows:
    """Rows of `x`, flattened and less their mean, that are read anew at every pass.

    Parameters
    ----------
    x
        Rows of any shape.
    show
        Is told how many rows were read in all passes together.

    Raises
    ------
    InvalidValue
        If a value is not finite, or so large that the sum of squares would leave the range of float32.
    """

    def __init__(self, x: Shaped[RowArray, "n ..."], show: Callable[[int], None]) -> None:
        self._x, self._show, self._read = x, show, 0
        self.shape = len(x), math.prod(x.shape[1:])
        # Sums are of differences to the first row: far from zero, digits would be lost.
        origin, total, self.alike = flatten(x[:1])[0].astype(np.float64), np.zeros(self.shape[1]), True
        for rows in self._chunks():
            refuse_overflow(rows)
            differences = rows - origin
            total += differences.sum(axis=0)
            self.alike &= not differences.any()
        self._mean = origin + total / len(x)

    def times_scatter(self, basis: Float32[ndarray, "d k"]) -> Float64[ndarray, "d k"]:
        """Return A'A times `basis`, for the matrix A of the centred rows."""
        total = np.zeros(basis.shape)
        for rows in self._centred():
            total += _product(rows.T, _product(rows, basis))
        return total

    def times(self, basis: Float32[ndarray, "d k"]) -> Iterator[Float32[ndarray, "m k"]]:
        """Yield the rows of A times `basis`."""
        return (_product(rows, basis) for rows in self._centred())

    def _centred(self) -> Iterator[Float32[ndarray, "m d"]]:
        for rows in self._chunks():
            yield np.subtract(rows, self._mean, out=rows, casting="same_kind")

    def _chunks(self) -> Iterator[Float32[ndarray, "m d"]]:
        for part in chunks_of(self._x, CHUNK):
            yield flatten(self._x[part])
            self._read += part.stop - part.start
            self._show(self._read)


def _product(a: ndarray, b: ndarray) -> ndarray:
    """Return the matrix product on one thread: other numbers of threads give other last bits."""
    with threadpool_limits(1):
        return a @ b


def _orthonormal(columns: Float64[ndarray, "d k"]) -> Float32[ndarray, "d k"]:
    with threadpool_limits(1):
        return np.linalg.qr(columns)[0].astype(np.float32)


def _principal_axes(
    coordinates: Float32[ndarray, "n size"], basis: Float32[ndarray, "d size"], components: int
) -> Float32[ndarray, "size components"]:
    """Return the directions of largest variance within the subspace, in coordinates along its basis."""
    size = basis.shape[1]
    scatter = np.zeros((size, size))
    for part in chunks_of(coordinates, CHUNK):
        rows = coordinates[part].astype(np.float64)
        scatter += _product(rows.T, rows)
    with threadpool_limits(1):
        axes = np.linalg.eigh(scatter)[1][:, : -components - 1 : -1]
        directions = basis @ axes
    signs = np.sign((fixed_signs(directions) * directions).sum(axis=0))
    return (axes * signs).astype(np.float32)
