"""Read a person's own arrays: rows `x` and labels `y`, in one `.npz` or `.safetensors` file or in two `.npy`.

Images become uint8 of the shape (n, channels, height, width); rows of features become float32 and are left
on their scale. The order of the axes is taken from the shape where there is only one way to read it, and must
be given otherwise: pixels in the wrong order train a network quietly and badly.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from jaxtyping import Int64, Shaped
from numpy import ndarray
from pydantic import Field

from winnow.dataset._array_files import open_npy, open_several, unfit
from winnow.dataset._array_labels import labels_in, labels_of_known
from winnow.dataset._mapped_rows import (
    AsBytes,
    Convert,
    Layout,
    MappedRows,
    as_float32,
    as_they_are,
    channels_first,
)
from winnow.dataset._split import stratified_split
from winnow.dataset._wording import listed, named
from winnow.dataset.tables._labels import UNLABELLED, Labels, single_rows
from winnow.errors import DatasetUnavailable, InvalidValue
from winnow.rows.chunks import chunks_of
from winnow.rows.row_array import RowArray
from winnow.stages import Source
from winnow.store.growing_array import joined
from winnow.store.row_names import RowNames
from winnow.types import Dataset, Rows

CHANNELS = (1, 3)
CHUNK_ROWS = 4096
FEWEST_STEPS = 100
"""So many numbers of single precision at least lie between the smallest and the largest of a column."""
ROUNDING = 1e-12
"""Numbers that differ by this part of them or less are meant to be one."""
OR = ", or choose without labels by select_only=true"


@dataclass(frozen=True)
class Arrays(Source):
    """The arrays in `file`; without test arrays, `test_fraction` of the rows of every class are the test set.

    Labels are whole numbers or text. Images are whole numbers from 0 to 255, or fractions of 255 from 0 to 1.

    Parameters
    ----------
    file
        An `.npz` or `.safetensors` file with x, y and optionally x_test, y_test; or the `.npy` file of x.
    labels
        The `.npy` file of y, where `file` is one of x.
    test_file
        The `.npy` file of the test rows.
    test_labels
        The `.npy` file of the test labels.
    layout
        Order of the axes of x: `nd` (rows of features), `nhw` (grey images), `nhwc` or `nchw`; found if it is
        the only possible one.
    test_fraction
        Part of the rows of every class that is the test set, if none is given.
    split_seed
        Seed of the draw of the test set.
    max_classes
        Most different whole numbers that are classes; more are a number to be predicted.
    """

    file: str
    labels: str | None = None
    test_file: str | None = None
    test_labels: str | None = None
    layout: Layout | None = None
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2
    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    max_classes: Annotated[int, Field(ge=2, le=100_000)] = 100

    def load(self) -> Dataset:
        return self.dataset_of(self._arrays())

    def dataset_of(self, given: Mapping[str, ndarray]) -> Dataset:
        """Return the data set of the arrays x, y and, if they are there, x_test and y_test."""
        layout = self._layout(given["x"])
        convert = self._conversion(given["x"], layout, "x")
        labels = labels_in(given["y"], len(given["x"]), self.max_classes, self.file)
        if "x_test" in given:
            self._layout(given["x_test"], layout)
            convert_test = self._conversion(given["x_test"], layout, "x_test")
            x = rows_of_array(given["x"], layout, convert)
            x_test = rows_of_array(given["x_test"], layout, convert_test)
            y_test = labels_of_known(given["y_test"], len(x_test), labels.classes, self.file)
            self._say(labels, layout, given["x"], f"{len(x_test):,} test rows given")
            return Dataset(self._name, x, labels.y, x_test, y_test, labels.classes)
        if single := single_rows(labels):
            raise self._fault(
                f"have at least 2 rows of every class, got 1 of {listed(single)}",
                "a class needs one row to learn from and one to be tested on",
            )
        train, test = stratified_split(labels.y, self.test_fraction, self.split_seed)
        self._say(labels, layout, given["x"], f"{len(test):,} of them drawn for the test")
        return Dataset(
            self._name,
            rows_of_array(given["x"], layout, convert, train),
            labels.y[train],
            rows_of_array(given["x"], layout, convert, test),
            labels.y[test],
            labels.classes,
            origins=RowNames(train),
            test_origins=RowNames(test),
            origin="row",
        )

    def rows(self, if_unlabelled: InvalidValue | None = None) -> Rows:
        given = self._arrays(("x",))
        if if_unlabelled is not None and "y" not in given:
            raise if_unlabelled
        return self.rows_of(given)

    def rows_of(self, given: Mapping[str, ndarray]) -> Rows:
        """Return the rows of the array x with the labels of y, if it is there."""
        layout = self._layout(given["x"])
        convert = self._conversion(given["x"], layout, "x")
        x = rows_of_array(given["x"], layout, convert)
        y = given.get("y")
        labels = UNLABELLED if y is None else labels_in(y, len(x), self.max_classes, self.file)
        self._say(labels, layout, given["x"], "all to choose from")
        numbers = labels.y if labels.classes else None
        return Rows(self._name, x, numbers, labels.classes, RowNames(np.arange(len(x))), "row")

    @property
    def _name(self) -> str:
        return Path(self.file).stem

    def _arrays(self, needed: Sequence[str] = ("x", "y")) -> dict[str, ndarray]:
        """Return the arrays x, y, x_test and y_test, as far as they are given."""
        files = {"x": self.file, "y": self.labels, "x_test": self.test_file, "y_test": self.test_labels}
        if self.file.lower().endswith(".npy") or self.labels:
            if self.labels is None and "y" in needed:
                raise self._fault(
                    "come with labels, got none", f"name their .npy file with dataset.labels{OR}"
                )
            given = {name: open_npy(path) for name, path in files.items() if path}
        elif self.test_file or self.test_labels:
            raise self._fault("be in one file with the test arrays", "name them x_test and y_test in it")
        else:
            given, others = open_several(self.file, needed)
            if others:
                left_out = listed(map(named, others))
                print(f"{named(Path(self.file).name)}: left out: {left_out}", file=sys.stderr)
        if ("x_test" in given) != ("y_test" in given):
            one, other = ("x_test", "y_test") if "x_test" in given else ("y_test", "x_test")
            raise self._fault(f"have test rows and test labels or neither, got {one} without {other}")
        return given

    def _layout(self, x: ndarray, expected: Layout | None = None) -> Layout:
        """Return the order of the axes, if it is said or there is only one."""
        possible = [layout for layout in layouts_of(x.shape) if self.layout in (None, layout)]
        if expected in possible:
            return expected
        if len(possible) == 1 and expected is None:
            return possible[0]
        said = self.layout or expected
        if said is not None:
            raise self._fault(f"have the axes {said}, got the shape {x.shape}", "check dataset.layout")
        if possible:
            raise self._fault(
                f"have one order of axes, got the shape {x.shape}, which is {' or '.join(possible)}",
                f"say which: dataset.layout={possible[0]}",
            )
        raise self._fault(
            f"be (n, d), (n, h, w), (n, h, w, c) or (n, c, h, w) with c 1 or 3, got the shape {x.shape}",
            "reshape the array",
        )

    def _conversion(self, x: ndarray, layout: Layout, name: str) -> Convert:
        """Return what makes rows of `x` rows of the data set, if that loses nothing."""
        if x.dtype.kind not in "biuf":
            raise self._fault(f"hold numbers in {name}, got the type {x.dtype}", "convert them with astype")
        if len(x) == 0:
            raise self._fault(f"hold at least one row in {name}, got 0")
        if not x.size:
            raise self._fault(f"hold at least one value in every row of {name}, got the shape {x.shape}")
        if x.dtype == (np.float32 if layout == "nd" else np.uint8):
            return as_they_are
        if layout == "nd":
            self._check_features(x, name)
            return as_float32
        fractions = x.dtype == bool or (x.dtype.kind == "f" and float(x[:CHUNK_ROWS].max()) <= 1)
        convert = AsBytes(255 if fractions else 1)
        self._check_images(x, convert.scale, name)
        return convert

    def _check_features(self, x: ndarray, name: str) -> None:
        """Refuse features that single precision cannot hold, or cannot tell apart."""
        low, high = np.full(x.shape[1], np.inf), np.full(x.shape[1], -np.inf)
        for part in chunks_of(x) if x.dtype.itemsize > 2 else ():
            rows = x[part]
            if len(large := np.argwhere(np.isinf(as_float32(rows)) & np.isfinite(rows))):
                row, column = large[0]
                raise self._fault(
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
            raise self._fault(
                f"hold numbers that single precision tells apart, got {len(columns)} columns of {name} that "
                f"it does not, the first of them {first}, from {low[first]:.17g} to {high[first]:.17g}",
                "subtract the mean of every column: x - x.mean(axis=0)",
            )

    def _check_images(self, x: ndarray, scale: int, name: str) -> None:
        """Refuse images that would not keep their values as bytes."""
        for part in chunks_of(x) if x.dtype != bool else ():
            values = x[part].astype(np.float64) * scale
            with np.errstate(invalid="ignore"):
                whole = (values >= -0.01) & (values <= 255.01) & (np.abs(values - np.rint(values)) < 0.01)
            if not whole.all():
                place = np.argwhere(~whole)[0]
                raise self._fault(
                    f"hold images of 8 bits, whole numbers from 0 to 255 or their fractions from 0 to 1, got "
                    f"{x[part][tuple(place)]:g} in row {part.start + place[0]} of {name}",
                    "scale and round the images to uint8 as they shall look",
                )

    def _say(self, labels: Labels, layout: Layout, x: ndarray, test: str) -> None:
        """Say in one line what was taken how."""
        kind = "features, left on their scale" if layout == "nd" else "images"
        taken = f"{len(x):,} rows of {kind}, {x.dtype} {x.shape[1:]} read as {layout}"
        parts = [f"{named(Path(self.file).name)}: {taken}", test, str(labels), *labels.notes]
        print("; ".join(parts), file=sys.stderr)

    def _fault(self, rule: str, remedy: str = "") -> DatasetUnavailable:
        return unfit(self.file, rule, remedy)


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
