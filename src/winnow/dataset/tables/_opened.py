"""A table that is open: its rows, its labels, and what is wrong with it so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped
from numpy import ndarray

from winnow.dataset._container import kind_of
from winnow.dataset.tables._declared import Declared
from winnow.dataset.tables._faults import Faults
from winnow.dataset.tables._labels import Labels
from winnow.dataset.tables._layout import TextSettings
from winnow.dataset.tables._parquet import read_parquet
from winnow.dataset.tables._table import Table
from winnow.dataset.tables._text import read_text
from winnow.types import Origin

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zip")


@dataclass(frozen=True, eq=False)
class OpenedTable:
    """A table with the columns that are declared, and its labels.

    `faults` are collected while the other columns are read, so that one error names all of them.
    """

    path: Path
    table: Table
    declared: Declared
    faults: Faults
    labels: Labels

    @property
    def name(self) -> str:
        """The name of the file without what says how it is written."""
        path = self.path
        return path.with_suffix("").stem if path.suffix.lower() in COMPRESSIONS else path.stem

    @property
    def rows(self) -> Int64[ndarray, " n"]:
        """The numbers of all rows."""
        return np.arange(len(self.table))

    def refuse_faults(self) -> None:
        """Raise DatasetUnavailable, naming all faults that were found, if there are any."""
        if self.faults:
            raise self.faults.error(self.path)


@dataclass(frozen=True, eq=False)
class Parts:
    """The training and the test rows of a table, and where each comes from."""

    x: Shaped[ndarray, "n ..."]
    x_test: Shaped[ndarray, "m ..."]
    origins: Sequence[str]
    test_origins: Sequence[str]
    origin: Origin


def read_table(path: Path, label: str | None, settings: TextSettings) -> Table:
    """Find out how a table is written, whatever its name says; `settings` are of text alone.

    Raises
    ------
    DatasetUnavailable
        If it is no table, or may be read in two ways.
    InvalidValue
        If there is no such encoding.
    """
    kind = kind_of(path)
    return read_parquet(path) if kind == "parquet" else read_text(path, kind, label, settings)
