"""Read a person's own table: text with separators or Parquet, one named column of which is the label.

What a column is follows from its cells where they leave no doubt: numbers are features, a few words that
repeat are categories, and row numbers, identifiers and constants are left out. One line says what was taken
how. Where there is doubt, for instance in a column of prices with one `n/a`, nothing is guessed: every such
cell is named, because a stray word would silently turn prices into names.

Numbers are brought to mean 0 and deviation 1; a categorical column becomes one column of zeros and ones
for each of its values. Both learn from the training part only: a value that occurs in the test part alone
is all zeros. This is what scikit-learn's StandardScaler and OneHotEncoder do, column by column, so that a
table takes little more memory than its matrix.

A table may list image files instead: a column of paths, from the folder of the table. Then the rows are
these images, read as `dataset=image_folder` reads them, and all other columns but the label are left out.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from jaxtyping import Int64
from numpy import ndarray
from pydantic import Field

from winnow.dataset._split import stratified_split
from winnow.dataset.images._listed import Reading
from winnow.dataset.images._pixels import MOST_PIXELS
from winnow.dataset.images._square import SquareImages
from winnow.dataset.tables._declared import Declared, Names
from winnow.dataset.tables._faults import Faults
from winnow.dataset.tables._features import FeatureSettings, read_features
from winnow.dataset.tables._images import image_column, read_images
from winnow.dataset.tables._labels import read_labels
from winnow.dataset.tables._layout import Separator, TextSettings
from winnow.dataset.tables._numbers import Decimal, Thousands
from winnow.dataset.tables._opened import OpenedTable, Parts, read_table
from winnow.errors import InvalidValue
from winnow.types import Dataset, Rows


@dataclass(frozen=True)
class CSV(SquareImages):
    """The table in `file`, of which `test_fraction`, drawn with `split_seed`, are the test set.

    Classes are in alphabetical order, numbers by their size. Cells must not be missing.

    Parameters
    ----------
    file
        Regular file: separated text, also compressed (gzip, bzip2, xz, zip), or Parquet; at most 8 GiB.
    label
        Name of the column that is to be predicted; only choosing rows (`select_only`) can do without.
    categorical
        Columns that hold names, whatever their cells look like.
    ignored
        Columns that are left out.
    numeric
        Columns of numbers that are features although their names say that they number the rows.
    test_fraction
        Part of the rows of every class that is the test set.
    split_seed
        Seed of the draw of the test set.
    max_categories
        Most values that a column in `categorical` may have: each becomes a column.
    max_classes
        Most different whole numbers that are classes; more are a number to be predicted.
    separator
        Sign between cells: `comma`, `semicolon`, `tab`, `bar`; found if not given.
    decimal
        Sign before decimals: `point`, `comma`; found if not given.
    thousands
        Sign between groups of three digits: `none`, `point`, `comma`, `blank`, `apostrophe`; found if not
        given.
    encoding
        Encoding of text, as Python names it; found if not given.
    header
        Of text: whether the first line names the columns. Without it they are column_1, column_2 and so on.
        If not given, it names them, and one that looks like a row is refused.
    size
        Of listed images: side of the squares in pixels; None for the median shorter side, at most `largest`.
    channels
        Of listed images: 1 for grey, 3 for RGB; None for 1 if all files are grey, else 3.
    max_pixels
        Of listed images: those with more pixels are refused by what their header says.
    cache_dir
        Of listed images: folder where they are kept decoded; None: for this command. No part of the
        data set's identity.
    """

    file: str
    label: str | None = None
    categorical: Names = ()
    ignored: Names = ()
    numeric: Names = ()
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2
    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    max_categories: Annotated[int, Field(ge=2, le=100_000)] = 1000
    max_classes: Annotated[int, Field(ge=2, le=100_000)] = 100
    separator: Separator | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    encoding: str | None = None
    header: bool | None = None
    size: Annotated[int, Field(ge=1, le=4096)] | None = None
    channels: Literal[1, 3] | None = None
    max_pixels: Annotated[int, Field(ge=1, le=MOST_PIXELS)] = 50_000_000
    cache_dir: str | None = field(default=None, repr=False, compare=False)

    def load(self) -> Dataset:
        if self.label is None:
            raise InvalidValue(
                "label must name the column that is to be predicted, got none",
                where="dataset.label",
                remedy="name it, or choose rows without labels: select_only=true",
            )
        opened = self._opened(fewest=2)
        train, test = opened.rows, opened.rows[:0]
        if not opened.faults:  # else there may be no split: reading goes on to find the other faults
            train, test = stratified_split(opened.labels.y, self.test_fraction, self.split_seed)
        parts = self._parts(opened, train, test)
        return Dataset(
            opened.name,
            parts.x,
            opened.labels.y[train],
            parts.x_test,
            opened.labels.y[test],
            opened.labels.classes,
            origins=parts.origins,
            test_origins=parts.test_origins,
            origin=parts.origin,
        )

    def rows(self, if_unlabelled: InvalidValue | None = None) -> Rows:
        if if_unlabelled is not None and self.label is None:
            raise if_unlabelled
        opened = self._opened(fewest=1)
        parts = self._parts(opened, train=opened.rows, test=opened.rows[:0])
        classes = opened.labels.classes
        y = opened.labels.y if classes else None
        return Rows(opened.name, parts.x, y, classes, parts.origins, parts.origin)

    def _opened(self, fewest: int) -> OpenedTable:
        """Open the table and read its labels, if it has some; a class must have at least `fewest` rows."""
        path = Path(self.file)
        declared = Declared.of(self.label, self.categorical, self.ignored, self.numeric)
        text = TextSettings(self.separator, self.encoding, self.header)
        table = read_table(path, declared.label, text)
        declared.check(table, path)
        faults = Faults(table)
        labels = read_labels(table, declared.label, self.max_classes, faults, fewest=fewest)
        return OpenedTable(path, table, declared, faults, labels)

    def _parts(self, opened: OpenedTable, train: Int64[ndarray, " n"], test: Int64[ndarray, " m"]) -> Parts:
        """Read the images that the table lists, or else its features."""
        if (at := image_column(opened)) is not None:
            reading = Reading(self.size, self.largest, self.channels, self.max_pixels, self.cache_dir)
            return read_images(opened, at, reading, train, test)
        self._check_no_image_settings()
        settings = FeatureSettings(self.decimal, self.thousands, self.max_categories)
        return read_features(opened, settings, train, test)

    def _check_no_image_settings(self) -> None:
        for setting, value in (("size", self.size), ("channels", self.channels)):
            if value is not None:
                raise InvalidValue(
                    f"{setting} must be null for a table without a column of image files, got {value}",
                    where=f"dataset.{setting}",
                    remedy="paths count from the folder of the table",
                )
