"""Rows that are nearly the same: among the kept ones, and kept ones beside rows set aside for testing.

Two rows are nearly the same if they are closer than a tenth of the distance from a row to the nearest other
one, in the median. Of many rows, evenly spaced ones are compared; how many stands beside the counts.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil

import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped
from numpy import ndarray

from winnow.geometry.distance import nearest_centroid
from winnow.geometry.neighbours import nearest_neighbours
from winnow.rows.pages import give_back_pages
from winnow.rows.row_array import RowArray
from winnow.types import Dataset

MOST_KEPT = 2_000
MOST_TEST = 10_000
MOST_BYTES = 2**30  # of rows of which every byte is compared
NEAR = 0.1  # of the median
PAIRS = 10
SIDE = 32  # pixels to which larger images are reduced before they are compared
CHUNK = 256


@dataclass(frozen=True)
class Alike:
    """The pairs of rows that are nearest to each other, as plain values.

    Parameters
    ----------
    rows, others, distances
        At most ten pairs, nearest first.
    equal, near
        How many rows have another at no distance, and one that is nearly the same.
    median
        The distance of a row to the nearest other one, in the median.
    compared, of
        How many rows were compared, and with how many.
    """

    rows: list[int]
    others: list[int]
    distances: list[float]
    equal: int
    near: int
    median: float
    compared: int
    of: int


def among(kept: Int64[ndarray, " m"], X: Shaped[RowArray, "n ..."]) -> Alike:
    """Return the kept rows that are most alike, every pair once.

    >>> found = among(np.array([0, 1, 3]), np.float32([[0], [10], [0], [10.5]]))
    >>> found.rows[0], found.others[0], found.distances[0], found.median, found.near
    (1, 3, 0.5, 0.5, 0)
    """
    rows = spread(kept, MOST_KEPT)
    if len(rows) < 2:
        return Alike([], [], [], 0, 0, 0.0, len(rows), len(rows))
    neighbours, distances = nearest_neighbours(reduced(X, rows), 1)
    return _alike(rows, rows[neighbours[:, 0]], distances[:, 0], len(rows), once=True)


def between(
    kept: Int64[ndarray, " m"], x: Shaped[RowArray, "n ..."], x_test: Shaped[RowArray, "t ..."]
) -> Alike:
    """Return the kept rows that are most like a row that was set aside for testing, by their values.

    >>> found = between(np.array([0, 2]), np.float32([[0], [1], [5]]), np.float32([[9], [5]]))
    >>> found.rows, found.others, found.distances, found.equal
    ([2, 0], [1, 1], [0.0, 5.0], 1)
    """
    rows, tests = spread(kept, MOST_KEPT), spread(np.arange(len(x_test)), MOST_TEST)
    nearest, distances = nearest_centroid(reduced(x, rows), reduced(x_test, tests))
    return _alike(rows, tests[nearest], distances, len(tests), once=False)


def equal_rows(dataset: Dataset, kept: Int64[ndarray, " m"]) -> tuple[Int64[ndarray, "e 2"], int]:
    """Return training rows with a test row of the same bytes beside that row, and how many were compared.

    Those are all training rows, or only the kept ones where all are more than a gigabyte.

    >>> x, y = np.float32([[1], [2], [3]]), np.zeros(3, int)
    >>> equal_rows(Dataset("toy", x, y, x[1:2], y[:1], ("a",)), np.array([0]))
    (array([[1, 0]]), 3)
    """
    size = sum(math.prod(x.shape) * x.dtype.itemsize for x in (dataset.x, dataset.x_test))
    every = size <= MOST_BYTES
    rows = np.arange(dataset.n) if every else kept
    tests = {digest: number for number, digest in enumerate(_digests(dataset.x_test))}
    pairs = [
        (row, tests[digest])
        for row, digest in zip(rows.tolist(), _digests(dataset.x if every else dataset.x[kept]), strict=True)
        if digest in tests
    ]
    return np.array(pairs, np.int64).reshape(-1, 2), len(rows)


def spread(rows: Int64[ndarray, " n"], count: int) -> Int64[ndarray, " m"]:
    """Return at most `count` of the rows, evenly spaced, the first and the last among them.

    >>> spread(np.arange(10), 4), spread(np.arange(2), 4)
    (array([0, 3, 6, 9]), array([0, 1]))
    """
    if len(rows) <= count:
        return rows
    return rows[np.linspace(0, len(rows) - 1, count).round().astype(int)]


def reduced(x: Shaped[RowArray, "n ..."], rows: Int64[ndarray, " m"]) -> Float32[ndarray, "m d"]:
    """Return some rows as vectors; images in [0, 1], as means of squares of pixels if they are large.

    >>> reduced(np.full((1, 1, 64, 64), 51, np.uint8), np.array([0])).shape
    (1, 1024)
    """
    parts = []
    for start in range(0, len(rows), CHUNK):
        parts.append(_vectors(x[rows[start : start + CHUNK]]))
        give_back_pages(x)
    return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)


def _vectors(x: ndarray) -> Float32[ndarray, "m d"]:
    if x.ndim != 4:
        return x.reshape(len(x), -1).astype(np.float32)
    n, channels, height, width = x.shape
    side = ceil(max(height, width) / SIDE)
    high, wide = max(height // side, 1), max(width // side, 1)
    squares = x[:, :, : high * side, : wide * side]
    if side > 1 and min(height, width) >= side:
        squares = squares.reshape(n, channels, high, side, wide, side).mean(axis=(3, 5))
    return (squares.reshape(n, -1) / 255.0).astype(np.float32)


def _alike(
    rows: ndarray, others: ndarray, distances: Float64[ndarray, " m"], of: int, *, once: bool
) -> Alike:
    median = float(np.median(distances))
    # Of two rows that are nearest to each other, the first stands for both if each pair counts `once`.
    pairs: dict[tuple[int, int], float] = {}
    for number in np.argsort(distances, kind="stable").tolist():
        row, other = int(rows[number]), int(others[number])
        if not once or (other, row) not in pairs:
            pairs[row, other] = float(distances[number])
        if len(pairs) == PAIRS:
            break
    equal = distances == 0
    return Alike(
        rows=[row for row, _ in pairs],
        others=[other for _, other in pairs],
        distances=list(pairs.values()),
        equal=int(equal.sum()),
        near=int(((distances <= NEAR * median) & ~equal).sum()),
        median=median,
        compared=len(rows),
        of=of,
    )


def _digests(x: Shaped[RowArray, "n ..."]) -> Iterator[bytes]:
    """Yield a hash of the bytes of every row."""
    for start in range(0, len(x), CHUNK):
        yield from (blake2b(row.tobytes(), digest_size=16).digest() for row in x[start : start + CHUNK])
        give_back_pages(x)
