"""Refuse features that nothing can be computed with, and say where they are."""

import math

import numpy as np

from winnow.errors import InvalidValue
from winnow.rows.chunks import chunks_of
from winnow.rows.row_array import RowArray

LARGEST = 1e15
"""The largest value of a feature: its square, summed over many columns, still fits in float32."""


def require_usable(x: RowArray, name: str = "") -> None:
    """Refuse features that are not finite or too large; images, whole numbers, are never.

    `name` says in the message what `x` is a part of.

    Raises
    ------
    InvalidValue
        If a value is not finite, or its size above `LARGEST`.
    """
    if not np.issubdtype(x.dtype, np.floating) or not math.prod(x.shape):
        return
    for part in chunks_of(x):
        # Needs no temporary array. A NaN fails the comparison, too.
        if not max(-(rows := x[part]).min(), rows.max()) <= LARGEST:
            _refuse(x, f" of {name}" if name else "")


def _refuse(x: RowArray, whose: str) -> None:
    counts, first = 0, 0
    for part in chunks_of(x):
        rows = np.nonzero(~np.isfinite(x[part]))[0]
        first = first if counts or not len(rows) else part.start + int(rows[0])
        counts += len(rows)
    if counts:
        raise InvalidValue(
            f"Input X contains NaN or infinity: {counts} values{whose}, the first in row {first}",
            remedy="drop or fill these rows before winnow reads them",
        )
    part, places = next(
        (part, places) for part in chunks_of(x) if len(places := np.argwhere(np.abs(x[part]) > LARGEST))
    )
    at = tuple(places[0])
    row = part.start + at[0]
    raise InvalidValue(
        f"Input X must lie in [-{LARGEST:g}, {LARGEST:g}], got {x[part][at]:g} in row {row}{whose}",
        remedy="rescale the features before winnow reads them",
    )
