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

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from numpy import ndarray
from pydantic import Field

from winnow.dataset._container import kind_of
from winnow.dataset._split import stratified_split
from winnow.dataset._wording import listed, named, near
from winnow.dataset.images._listed import Reading, decode_listed
from winnow.dataset.images._pixels import MOST_PIXELS
from winnow.dataset.images._square import SquareImages
from winnow.dataset.tables._columns import Column, Table, read_columns
from winnow.dataset.tables._encoding import check_encoding
from winnow.dataset.tables._header import is_a_row
from winnow.dataset.tables._image_paths import image_column, read_paths
from winnow.dataset.tables._label_copies import label_copies
from winnow.dataset.tables._labels import UNLABELLED, Labels, read_labels
from winnow.dataset.tables._matrix import encode
from winnow.dataset.tables._numbers import Decimal, NumberFormat, Thousands, find_format
from winnow.dataset.tables._parquet import ParquetTable, read_parquet
from winnow.dataset.tables._roles import Faults, Roles, assign_roles
from winnow.dataset.tables._summary import summary
from winnow.dataset.tables._text import Separator, TextTable, clean_name, read_text, table_fault
from winnow.errors import InvalidValue
from winnow.types import Dataset, Rows

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zip")
Names = tuple[str, ...]
IN_THE_FIRST_LINE = (
    "columns are named in the first line; check dataset.label, categorical, ignored and numeric"
)


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
        settings, table, faults, labels = self._opened(fewest=2)
        if (images := settings._image_column(table)) is not None:
            return settings._load_images(table, images, labels, faults)
        # The rows of the matrix are in their final order when it is filled: it is never copied.
        train = test = places = np.arange(len(table))
        if not faults:
            train, test = stratified_split(labels.y, self.test_fraction, self.split_seed)
            places = np.argsort(np.concatenate([train, test]))
        x, x_test = settings._matrix(table, labels, faults, train, test, places)
        return Dataset(
            self._name,
            x,
            labels.y[train],
            x_test,
            labels.y[test],
            labels.classes,
            origins=tuple(map(table.place, train.tolist())),
            test_origins=tuple(map(table.place, test.tolist())),
            origin="row",
        )

    def rows(self, if_unlabelled: InvalidValue | None = None) -> Rows:
        if if_unlabelled is not None and self.label is None:
            raise if_unlabelled
        settings, table, faults, labels = self._opened(fewest=1)
        every, y = np.arange(len(table)), labels.y if labels.classes else None
        if (images := settings._image_column(table)) is not None:
            paths, x = settings._images(table, images, labels, faults, every)
            return Rows(self._name, x, y, labels.classes, paths)
        x, _ = settings._matrix(table, labels, faults, every, every[:0], every)
        return Rows(self._name, x, y, labels.classes, tuple(map(table.place, every.tolist())), "row")

    def _opened(self, fewest: int) -> tuple["CSV", Table, Faults, Labels]:
        """Open the table and read its labels, if it has some; a class must have at least `fewest` rows."""
        settings = self._cleaned()
        table = settings._open()
        settings._check_columns(table)
        faults = Faults(table)
        if settings.label is None:
            return settings, table, faults, UNLABELLED
        (column,) = read_columns(table, [table.names.index(settings.label)], [settings.label])
        return settings, table, faults, read_labels(column, self.max_classes, faults, fewest=fewest)

    def _matrix(
        self,
        table: Table,
        labels: Labels,
        faults: Faults,
        train: Int64[ndarray, " n"],
        test: Int64[ndarray, " m"],
        places: Int64[ndarray, " rows"],
    ) -> tuple[Float32[ndarray, "n d"], Float32[ndarray, "m d"]]:
        """Return the features of both parts, and say in one line what was taken how."""
        self._check_no_image_settings()
        columns, numbers = self._features(table, places)
        roles = assign_roles(columns, self.categorical, self.numeric, self.max_categories, faults)
        roles.left_out[:0] = ["'' (index)"] * len(_index(table))
        if faults:
            raise faults.error(self._path)
        if not roles.numbers and not roles.categories:
            raise table_fault(
                self._path,
                f"have a feature besides the label, left out are {listed(roles.left_out)}",
                "add a column of numbers or of words that repeat",
            )
        self._check_header(table, labels, roles)
        roles.notes.extend(label_copies(roles, labels.y) if labels.classes else ())
        parts = encode(roles, columns, train, test)
        print(summary(table, self._path.name, self.label, labels, roles, numbers), file=sys.stderr)
        return parts

    def _check_header(self, table: Table, labels: Labels, roles: Roles) -> None:
        if isinstance(table, TextTable) and is_a_row(table.names, self.label, labels, roles):
            got = listed(map(named, table.names))
            raise table_fault(
                self._path,
                f"name its columns in the first line, got one like those below it: {got}",
                "write a line of names above it, or other names where these are meant",
            )

    @property
    def _label(self) -> Names:
        return () if self.label is None else (self.label,)

    def _image_column(self, table: Table) -> int | None:
        declared = (*self._label, *self.ignored, *self.categorical, *self.numeric)
        candidates = [at for at, name in enumerate(table.names) if name not in declared]
        return image_column(table, candidates, self._path) if candidates else None

    def _load_images(self, table: Table, at: int, labels: Labels, faults: Faults) -> Dataset:
        train = test = np.arange(0)
        if not faults:
            train, test = stratified_split(labels.y, self.test_fraction, self.split_seed)
        rows, n = np.concatenate([train, test]), len(train)
        listed_paths, x = self._images(table, at, labels, faults, rows)
        y = labels.y[rows]
        return Dataset(
            self._name,
            x[:n],
            y[:n],
            x[n:],
            y[n:],
            labels.classes,
            origins=listed_paths[:n],
            test_origins=listed_paths[n:],
        )

    def _images(
        self, table: Table, at: int, labels: Labels, faults: Faults, rows: Int64[ndarray, " n"]
    ) -> tuple[list[str], UInt8[ndarray, "n c h w"]]:
        """Return the paths of some rows, and the images there."""
        paths = read_paths(table, at, faults)
        if faults:
            raise faults.error(self._path)
        others = [name for name in table.names if name not in (self.label, table.names[at])]
        roles = Roles(left_out=list(map(named, others)), notes=[f"images: {named(table.names[at])}"])
        print(summary(table, self._path.name, self.label, labels, roles), file=sys.stderr)
        chosen = [paths[row] for row in rows.tolist()]
        reading = Reading(self.size, self.largest, self.channels, self.max_pixels, self.cache_dir)
        return chosen, decode_listed(self._name, self._path.parent, chosen, reading)

    def _check_no_image_settings(self) -> None:
        for setting, value in (("size", self.size), ("channels", self.channels)):
            if value is not None:
                raise InvalidValue(
                    f"{setting} must be null for a table without a column of image files, got {value}",
                    where=f"dataset.{setting}",
                    remedy="paths count from the folder of the table",
                )

    @property
    def _path(self) -> Path:
        return Path(self.file)

    @property
    def _name(self) -> str:
        path = self._path
        return path.with_suffix("").stem if path.suffix.lower() in COMPRESSIONS else path.stem

    def _cleaned(self) -> "CSV":
        """Return the settings with names of columns as they are compared."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["label"] = self.label and clean_name(self.label)
        for name in ("categorical", "ignored", "numeric"):
            values[name] = tuple(map(clean_name, values[name]))
        said = Counter(name for group in self._groups(values) for name in set(group))
        if twice := [name for name, count in said.items() if count > 1]:
            raise InvalidValue(
                f"a column must be one of label, categorical, ignored and numeric, got {listed(twice)} twice",
                where=f"dataset.label={self.label}",
            )
        return CSV(**values)

    @staticmethod
    def _groups(values: dict) -> list[Sequence[str]]:
        return [
            [values["label"]] * (values["label"] is not None),
            values["categorical"],
            values["ignored"],
            values["numeric"],
        ]

    def _open(self) -> Table:
        kind = kind_of(self._path)
        if kind == "parquet":
            return read_parquet(self._path)
        encoding = self.encoding and check_encoding(self.encoding)
        return read_text(self._path, kind, self.label, self.separator, encoding)

    def _check_columns(self, table: Table) -> None:
        if not len(table):
            raise table_fault(self._path, "have a row below the names of the columns, got none")
        counts = Counter(name for name in table.names if name)
        if repeated := [named(name) for name, count in counts.items() if count > 1]:
            raise table_fault(
                self._path,
                f"have different names for its columns, got {listed(repeated)} more than once",
                "rename or remove the columns of the same name; the first line must be names",
            )
        wanted = (*self._label, *self.categorical, *self.ignored, *self.numeric)
        if missing := [named(name) for name in wanted if name not in table.names]:
            raise table_fault(
                self._path,
                f"have the columns {', '.join(missing)}, got {listed(map(named, table.names))}",
                near(wanted, table.names) or IN_THE_FIRST_LINE,
            )
        if not set(table.names) - {*self._label, *self.ignored}:
            raise table_fault(self._path, "have a column besides the label", "shorten dataset.ignored")

    def _features(self, table: Table, places: Int64[ndarray, " n"]) -> tuple[list[Column], NumberFormat]:
        """Read all columns that may be features, and find out how numbers are written."""
        others, index = (*self._label, *self.ignored), _index(table)
        features = [at for at, name in enumerate(table.names) if name not in others and at not in index]
        searched = [at for at in features if table.names[at] not in self.categorical]
        sample = [row[at].strip() for row in table.sample for at in searched if at < len(row)]
        numbers = self._format(sample)
        columns = read_columns(table, features, self.categorical, numbers, places)
        odd = [text for column in columns for _, text in column.words.first]
        if odd and (again := self._format([*sample, *odd])) != numbers:  # what the first rows did not show
            return read_columns(table, features, self.categorical, again, places), again
        return columns, numbers

    def _format(self, cells: Sequence[str]) -> NumberFormat:
        try:
            return find_format(cells, self.decimal, self.thousands)
        except InvalidValue as error:
            raise InvalidValue(error.what, where=self.file, remedy=error.remedy) from error


def _index(table: Table) -> frozenset[int]:
    return table.index if isinstance(table, ParquetTable) else frozenset()
