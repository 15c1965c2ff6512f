"""Rows that are made when they are asked for, as if they were an array that only rows can be taken from."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64, Shaped
from numpy import ndarray

from winnow.rows.pages import give_back_pages
from winnow.rows.row_array import RowArray


class LazyRows(ABC):
    """Rows in a file or in many, indexed by a number, a slice or an array of numbers.

    Nothing of a row stays in memory; all rows at once are refused where an array would be made of them
    unasked. Safe to be sent to another process, where it stands for the same files.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @abstractmethod
    def read(self, rows: Int64[ndarray, " m"]) -> Shaped[ndarray, "m ..."]:
        """Return the rows of these numbers, all of which are there."""

    def give_back_pages(self) -> None:
        """Give back the memory that a mapped file takes, where there is one; it is read again when needed."""
        return

    @property
    def ndim(self) -> int:
        """Number of axes, that of the rows among them."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | np.integer | slice | ndarray) -> ndarray:
        if isinstance(rows, slice):
            return self.read(np.arange(*rows.indices(len(self))))
        if np.ndim(rows) == 0:
            return self.read(np.array([range(len(self))[rows]]))[0]
        numbers = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows, np.int64)
        if len(wrong := numbers[(numbers < -len(self)) | (numbers >= len(self))]):
            raise IndexError(f"row {wrong[0]} of {len(self)} rows")
        return self.read(np.where(numbers < 0, numbers + len(self), numbers))

    def __array__(self, *_: Any, **__: Any) -> ndarray:
        raise TypeError("an array of all rows may not fit into memory: ask for some of them, or for rows[:]")


@dataclass(frozen=True, eq=False)
class PartOfRows(LazyRows):
    """The rows of `whole` with these numbers, read when they are asked for."""

    whole: RowArray
    numbers: Int64[ndarray, " n"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", (len(self.numbers), *self.whole.shape[1:]))
        object.__setattr__(self, "dtype", self.whole.dtype)

    def read(self, rows: Int64[ndarray, " m"]) -> Shaped[ndarray, "m ..."]:
        return self.whole[self.numbers[rows]]

    def give_back_pages(self) -> None:
        give_back_pages(self.whole)
