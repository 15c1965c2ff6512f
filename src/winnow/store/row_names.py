"""Where the rows of an array come from: their numbers in it, of which there may be very many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy import ndarray


@dataclass(frozen=True, eq=False)
class RowNames(Sequence[str]):
    """The origins of rows that have nothing but a number.

    >>> list(RowNames(np.array([4, 7])))
    ['row 4', 'row 7']
    >>> list(RowNames(np.array([4, 7]))[1:])
    ['row 7']
    """

    rows: Int64[ndarray, " n"]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: Any) -> Any:
        return RowNames(self.rows[at]) if isinstance(at, slice) else f"row {self.rows[at]}"

    def places_of(self, numbers: Int64[ndarray, " m"]) -> Int64[ndarray, " m"]:
        """Return at which place each of these numbers stands, and -1 for one that is not there.

        >>> RowNames(np.array([4, 9, 7])).places_of(np.array([7, 4, 5]))
        array([ 2,  0, -1])
        """
        order = np.argsort(self.rows, kind="stable")
        at = np.minimum(np.searchsorted(self.rows, numbers, sorter=order), len(order) - 1)
        return np.where(self.rows[order[at]] == numbers, order[at], -1)
