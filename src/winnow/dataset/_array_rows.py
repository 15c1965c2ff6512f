"""Turn arrays into the rows of a data set: the order of their axes, and a conversion that loses nothing."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, Shaped
from numpy import ndarray

from winnow.dataset._array_files import unfit
from winnow.dataset._mapped_rows import (
    AsBytes,
    Convert,
    Layout,
    MappedRows,
    as_float32,
    as_they_are,
    channels_first,
)
from winnow.rows.chunks import chunks_of
from winnow.rows.row_array import RowArray
from winnow.store.growing_array import joined

CHANNELS = (1, 3)
CHUNK_ROWS = 4096
FEWEST_STEPS = 100
"""So many numbers of single precision at least lie between the smallest and the largest of a column."""
ROUNDING = 1e-12
"""Numbers that differ by this part of them or less are meant to be one."""


def layout_of(x: ndarray, chosen: Layout | None, file: str, expected: Layout | None = None) -> Layout:
    """Return the order of the axes, if it is `chosen` or there is only one; of test rows, the `expected` one.

    Raises
    ------
    DatasetUnavailable
        If there is no order of axes that fits, or several do.
    """
    possible = [layout for layout in layouts_of(x.shape) if chosen in (None, layout)]
    if expected in possible:
        return expected
    if len(possible) == 1 and expected is None:
        return possible[0]
    said = chosen or expected
    if said is not None:
        raise unfit(file, f"have the axes {said}, got the shape {x.shape}", "check dataset.layout")
    if possible:
        raise unfit(
            file,
            f"have one order of axes, got the shape {x.shape}, which is {' or '.join(possible)}",
            f"say which: dataset.layout={possible[0]}",
        )
    raise unfit(
        file,
        f"be (n, d), (n, h, w), (n, h, w, c) or (n, c, h, w) with c 1 or 3, got the shape {x.shape}",
        "reshape the array",
    )


def layouts_of(shape: Sequence[int]) -> list[Layout]:
    """Return the orders of axes that a shape may have; images have one or three channels.

    >>> layouts_of((9, 64)), layouts_of((9, 28, 28)), layouts_of((9, 3, 32, 32)), layouts_of((9, 3, 8, 3))
    (['nd'], ['nhw'], ['nchw'], ['nhwc', 'nchw'])
    """
    match tuple(shape):
        case (_, _):
            return ["nd"]
        case (_, _, _):
            return ["nhw"]
        case (_, second, _, last):
            return ["nhwc"] * (last in CHANNELS) + ["nchw"] * (second in CHANNELS)
        case _:
            return []


def conversion_of(x: ndarray, layout: Layout, name: str, file: str) -> Convert:
    """Return what makes rows of the array `x`, called `name`, rows of the data set, if that loses nothing.

    Raises
    ------
    DatasetUnavailable
        If it holds no numbers, no rows or values, features that float32 cannot hold or tell apart, or images
        that bytes cannot hold.
    """
    if x.dtype.kind not in "biuf":
        raise unfit(file, f"hold numbers in {name}, got the type {x.dtype}", "convert them with astype")
    if len(x) == 0:
        raise unfit(file, f"hold at least one row in {name}, got 0")
    if not x.size:
        raise unfit(file, f"hold at least one value in every row of {name}, got the shape {x.shape}")
    if x.dtype == (np.float32 if layout == "nd" else np.uint8):
        return as_they_are
    if layout == "nd":
        _check_features(x, name, file)
        return as_float32
    fractions = x.dtype == bool or (x.dtype.kind == "f" and float(x[:CHUNK_ROWS].max()) <= 1)
    convert = AsBytes(255 if fractions else 1)
    _check_images(x, convert.scale, name, file)
    return convert


def rows_of_array(
    x: ndarray, layout: Layout, convert: Convert, rows: Int64[ndarray, " m"] | None = None
) -> Shaped[RowArray, "m ..."]:
    """Return the rows of an array, or some of them, as a data set has them; of one in a file, no copy."""
    if isinstance(x, np.memmap):
        plain = rows is None and convert is as_they_are and layout in ("nd", "nchw")
        return x if plain else MappedRows(x, layout, convert, rows)
    taken = x if rows is None else x[rows]
    if convert is not as_they_are:  # in chunks: a double copy of all images would be large
        taken = joined(convert(taken[part]) for part in chunks_of(taken))
    return channels_first(taken, layout)


def _check_features(x: ndarray, name: str, file: str) -> None:
    """Refuse features that single precision cannot hold, or cannot tell apart."""
    low, high = np.full(x.shape[1], np.inf), np.full(x.shape[1], -np.inf)
    for part in chunks_of(x) if x.dtype.itemsize > 2 else ():
        rows = x[part]
        if len(large := np.argwhere(np.isinf(as_float32(rows)) & np.isfinite(rows))):
            row, column = large[0]
            raise unfit(
                file,
                f"hold numbers of at most {np.finfo(np.float32).max:.1e} (float32), got "
                f"{rows[row, column]:g} in row {part.start + row}, column {column} of {name}",
                "take another unit or the logarithm of the column",
            )
        low, high = np.fmin(low, rows.min(axis=0)), np.fmax(high, rows.max(axis=0))
    most = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(invalid="ignore"):
        spread = high - low
        alike = (spread > ROUNDING * most) & (spread < FEWEST_STEPS * np.spacing(as_float32(most)))
    if len(columns := np.flatnonzero(alike)):
        first = columns[0]
        raise unfit(
            file,
            f"hold numbers that single precision tells apart, got {len(columns)} columns of {name} that "
            f"it does not, the first of them {first}, from {low[first]:.17g} to {high[first]:.17g}",
            "subtract the mean of every column: x - x.mean(axis=0)",
        )


def _check_images(x: ndarray, scale: int, name: str, file: str) -> None:
    """Refuse images that would not keep their values as bytes."""
    for part in chunks_of(x) if x.dtype != bool else ():
        values = x[part].astype(np.float64) * scale
        with np.errstate(invalid="ignore"):
            whole = (values >= -0.01) & (values <= 255.01) & (np.abs(values - np.rint(values)) < 0.01)
        if not whole.all():
            place = np.argwhere(~whole)[0]
            raise unfit(
                file,
                f"hold images of 8 bits, whole numbers from 0 to 255 or their fractions from 0 to 1, got "
                f"{x[part][tuple(place)]:g} in row {part.start + place[0]} of {name}",
                "scale and round the images to uint8 as they shall look",
            )
