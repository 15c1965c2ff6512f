"""Give back the memory that a mapped file takes once it was read.

The pages that were read of it would stay in memory for the life of the map.
"""

import mmap
from typing import Any, Protocol, runtime_checkable

import numpy as np

from winnow.rows.row_array import RowArray


@runtime_checkable
class HoldsPages(Protocol):
    """Rows that may lie in a mapped file."""

    def give_back_pages(self) -> None:
        """Give back the pages of the file that are in memory; they are read again when they are needed."""


def give_back_pages(x: RowArray) -> None:
    """Give back the pages of memory that a read-only mapped file takes, if `x` lies in one.

    Nothing changes but the memory of this process: what is asked for again comes from the system's cache.
    """
    if isinstance(x, HoldsPages):
        x.give_back_pages()
        return
    held: Any = x
    while isinstance(held, np.ndarray):
        if held.flags.writeable:
            return
        held = held.base
    if isinstance(held, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        held.madvise(mmap.MADV_DONTNEED)
