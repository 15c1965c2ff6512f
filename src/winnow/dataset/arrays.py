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
from numpy import ndarray
from pydantic import Field

from winnow.dataset._array_files import open_npy, open_several, unfit
from winnow.dataset._array_labels import labels_in, labels_of_known
from winnow.dataset._array_rows import conversion_of, layout_of, rows_of_array
from winnow.dataset._mapped_rows import Layout
from winnow.dataset._split import stratified_split
from winnow.dataset._wording import listed, named
from winnow.dataset.tables._labels import UNLABELLED, Labels, single_rows
from winnow.errors import DatasetUnavailable, InvalidValue
from winnow.stages import Source
from winnow.store.row_names import RowNames
from winnow.types import Dataset, Rows

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
        layout = layout_of(given["x"], self.layout, self.file)
        convert = conversion_of(given["x"], layout, "x", self.file)
        labels = labels_in(given["y"], len(given["x"]), self.max_classes, self.file)
        if "x_test" in given:
            layout_of(given["x_test"], self.layout, self.file, layout)
            convert_test = conversion_of(given["x_test"], layout, "x_test", self.file)
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
        layout = layout_of(given["x"], self.layout, self.file)
        convert = conversion_of(given["x"], layout, "x", self.file)
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

    def _say(self, labels: Labels, layout: Layout, x: ndarray, test: str) -> None:
        """Say in one line what was taken how."""
        kind = "features, left on their scale" if layout == "nd" else "images"
        taken = f"{len(x):,} rows of {kind}, {x.dtype} {x.shape[1:]} read as {layout}"
        parts = [f"{named(Path(self.file).name)}: {taken}", test, str(labels), *labels.notes]
        print("; ".join(parts), file=sys.stderr)

    def _fault(self, rule: str, remedy: str = "") -> DatasetUnavailable:
        return unfit(self.file, rule, remedy)
