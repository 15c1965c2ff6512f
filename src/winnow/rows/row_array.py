"""What a data set asks of its rows, whatever holds them."""

from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class RowArray(Protocol):
    """Rows of one shape and type, whatever holds them: memory, a mapped file, or files read when asked for.

    Rows are asked for by a number, a slice or an array of numbers, and are arrays in memory then. All of them
    need not fit there, so nobody asks for all at once.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, then the shape of each."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""

    @property
    def ndim(self) -> int:
        """Number of axes, that of the rows among them."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...
