"""Rows of an array in a file, brought to the type and the order of axes of a data set as they are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int64, Shaped, UInt8
from numpy import ndarray

from winnow.rows.lazy_rows import LazyRows
from winnow.rows.pages import give_back_pages

Layout = Literal["nd", "nhw", "nhwc", "nchw"]
Convert = Callable[[ndarray], ndarray]


@dataclass(frozen=True, eq=False)
class MappedRows(LazyRows):
    """Some rows of `mapped`.

    Parameters
    ----------
    mapped
        An array that need not fit into memory.
    layout
        The order of its axes.
    convert
        What is done with the rows that are read, which leaves their shape as it is.
    rows
        The numbers of the rows, in the order of the data set; None for all.
    """

    mapped: ndarray
    layout: Layout
    convert: Convert
    rows: Int64[ndarray, " n"] | None = None

    def __post_init__(self) -> None:
        sample = self._read(self.mapped[:1])
        n = len(self.mapped) if self.rows is None else len(self.rows)
        object.__setattr__(self, "shape", (n, *sample.shape[1:]))
        object.__setattr__(self, "dtype", sample.dtype)

    def read(self, rows: Int64[ndarray, " m"]) -> Shaped[ndarray, "m ..."]:
        read = self._read(self.mapped[rows if self.rows is None else self.rows[rows]])
        self.give_back_pages()  # of rows that lie apart these are many times as large as the rows
        return read

    def give_back_pages(self) -> None:
        give_back_pages(self.mapped)

    def _read(self, rows: ndarray) -> ndarray:
        return channels_first(self.convert(rows), self.layout)


def channels_first(x: ndarray, layout: Layout) -> ndarray:
    """Return images as (n, channels, height, width); rows of features as they are.

    >>> channels_first(np.zeros((2, 4, 5, 3)), "nhwc").shape, channels_first(np.zeros((2, 4, 5)), "nhw").shape
    ((2, 3, 4, 5), (2, 1, 4, 5))
    """
    if layout == "nhwc":
        return x.transpose(0, 3, 1, 2)
    return x[:, None] if layout == "nhw" else x


def as_they_are(rows: ndarray) -> ndarray:
    """Return rows unchanged."""
    return rows


def as_float32(rows: ndarray) -> ndarray:
    """Return features in single precision; what is too large for it is infinite."""
    with np.errstate(over="ignore"):
        return rows.astype(np.float32)


@dataclass(frozen=True)
class AsBytes:
    """Makes images bytes.

    Parameters
    ----------
    scale
        What values are multiplied by before they are rounded.
    """

    scale: int

    def __call__(self, rows: ndarray) -> UInt8[ndarray, "n ..."]:
        if rows.dtype == bool:
            return rows.astype(np.uint8) * np.uint8(self.scale)
        return np.rint(rows.astype(np.float64) * self.scale).astype(np.uint8)
