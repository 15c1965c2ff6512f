"""Read the columns of a table, and remember of each what is needed to judge it: numbers, text, odd cells."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from winnow.dataset._wording import SPELLED_OUT, named
from winnow.dataset.tables._numbers import PLAIN, NumberFormat, normalized
from winnow.dataset.tables._table import Table

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "NaT", "null", "NULL", "?")
"""What programs write into a cell without a value."""
MISSING_NUMBERS = (*MISSING, "na", "None", "none", "-", "--", ".")
"""The same among numbers, where these words mean nothing else."""
INFINITE = r"^[+-]?(?i:inf|infinity|∞)$"
LARGEST = float(np.finfo(np.float32).max)
UNNAMED = re.compile(r"^(Unnamed: \d+)?$")
"""What pandas writes, and makes of it when it reads the file again and writes it once more."""
IDENTIFIER = re.compile(r"(^|[^a-z])(id|ids|idx|index|uid|uuid|guid|row|rownames|row_number)$", re.IGNORECASE)
CAMEL_IDENTIFIER = re.compile(r"[a-z](Id|ID|Idx|Index)$")


@dataclass
class Cells:
    """How many cells of one kind a column has, and the first of them as (row, text)."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, cells: "pa.Array", chosen: "pa.BooleanArray", start: int) -> None:
        """Note the chosen cells of a batch that begins with row `start`."""
        rows = np.flatnonzero(chosen.to_numpy(zero_copy_only=False))
        self.count += len(rows)
        for row in rows[: SPELLED_OUT - len(self.first)].tolist():
            self.first.append((start + row, str(cells[row].as_py())))

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass
class Column:
    """One column as it is read.

    `text` are the cells of a column whose numbers are not looked for, or in which there is none so far;
    `values` are its numbers less `origin`, a column of the matrix that is made: that of row `r` of the table
    is in `places[r]`.
    """

    name: str
    seeks_numbers: bool
    values: Float32[ndarray, " n"]
    places: Int64[ndarray, " n"]
    rows: int = 0
    numbers: int = 0
    missing: Cells = field(default_factory=Cells)
    infinite: Cells = field(default_factory=Cells)
    large: Cells = field(default_factory=Cells)
    words: Cells = field(default_factory=Cells)
    trimmed: int = 0
    text: "list[pa.Array]" = field(default_factory=list)
    origin: float = 0.0
    low: float = np.inf
    high: float = -np.inf
    counts_rows: bool = True
    whole: bool = True

    @cached_property
    def names_rows(self) -> bool:
        """Whether its name is one that people give to the numbers or names of rows."""
        return any(rule.search(self.name) for rule in (UNNAMED, IDENTIFIER, CAMEL_IDENTIFIER))

    @property
    def title(self) -> str:
        """Its name in messages."""
        return named(self.name)

    def add_text(self, cells: "pa.StringArray") -> None:
        """Take the next cells of a column whose numbers are not looked for."""
        import pyarrow.compute as pc

        stripped = pc.utf8_trim_whitespace(cells)
        self.trimmed += pc.sum(pc.not_equal(cells, stripped)).as_py() or 0
        self.missing.add(stripped, _is_any(stripped, MISSING), self.rows)
        self.text.append(stripped)
        self.rows += len(cells)

    def add_mixed(self, cells: "pa.StringArray", numbers: NumberFormat) -> None:
        """Take the next cells, not all of which are numbers at first sight."""
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = normalized(cells)
        found = numbers.matches(cells)
        if pc.all(found).as_py():
            self.add_numbers(cells, numbers.values(cells).to_numpy())
            return
        if self.names_rows or not (self.numbers or pc.any(found).as_py()):
            self.text.append(cells)
        self.numbers += pc.sum(found).as_py()
        values = np.full(len(cells), 0.0)
        values[found.to_numpy(zero_copy_only=False)] = numbers.values(cells.filter(found)).to_numpy()
        self.large.add(cells, pa.array(np.abs(values) > LARGEST), self.rows)
        missing, infinite = _is_any(cells, MISSING_NUMBERS), pc.match_substring_regex(cells, INFINITE)
        self.missing.add(cells, missing, self.rows)
        self.infinite.add(cells, infinite, self.rows)
        self.words.add(cells, pc.invert(pc.or_(pc.or_(found, missing), infinite)), self.rows)
        self.rows += len(cells)

    def add_numbers(self, cells: "pa.Array", values: Float64[ndarray, " m"]) -> None:
        """Take the next cells, all of which are numbers, as float32 counted from the median of the first.

        Far from zero float32 would lose what tells the rows apart. The median of any part of the rows lies
        within few deviations of the mean, so that no digits are lost that the scaled column could show.
        """
        if self.names_rows:
            self.text.append(cells)
        if not self.numbers and abs(middle := float(np.median(values))) <= LARGEST:
            self.origin = middle
        with np.errstate(over="ignore", invalid="ignore"):
            part = (values - self.origin).astype(np.float32)
        if not np.isfinite(part).all():
            self._note_limits(cells, values)
        self.values[self.places[self.rows : self.rows + len(values)]] = part
        self._note_range(values)
        self.numbers += len(values)
        self.rows += len(values)

    def _note_limits(self, cells: "pa.Array", values: Float64[ndarray, " m"]) -> None:
        """Tell absent and infinite numbers, of Parquet, from those that float32 cannot hold."""
        import pyarrow as pa

        absent, infinite = np.isnan(values), np.isinf(values) & (not pa.types.is_string(cells.type))
        with np.errstate(over="ignore", invalid="ignore"):
            beyond = ~np.isfinite((values - self.origin).astype(np.float32)) | (np.abs(values) > LARGEST)
        self.missing.add(_as_text(cells), pa.array(absent), self.rows)
        self.infinite.add(cells, pa.array(infinite), self.rows)
        self.large.add(cells, pa.array(beyond & ~absent & ~infinite), self.rows)

    def _note_range(self, values: Float64[ndarray, " m"]) -> None:
        first = self.low if self.numbers else float(values[0])
        if self.counts_rows:
            expected = first + np.arange(self.rows, self.rows + len(values))
            self.counts_rows = first in (0.0, 1.0) and bool((values == expected).all())
        self.whole = self.whole and bool((np.floor(values) == values).all())
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))


def read_columns(
    table: Table,
    indices: Iterable[int],
    texts: Iterable[str],
    numbers: NumberFormat = PLAIN,
    places: Int64[ndarray, " n"] | None = None,
) -> list[Column]:
    """Read some columns; of those named in `texts` the cells are kept as they are written.

    The numbers of all columns are in one matrix, whose rows are in the order of `places`.
    """
    import pyarrow as pa

    indices, texts = list(indices), set(texts)
    places = np.arange(len(table)) if places is None else places
    matrix = np.empty((len(table), len(indices)), np.float32)  # takes no memory until it is written to
    columns = [
        Column(table.names[index], table.names[index] not in texts, matrix[:, at], places)
        for at, index in enumerate(indices)
    ]
    for batch in table.batches(indices):
        written = []
        for column, cells in zip(columns, batch, strict=True):
            if not column.seeks_numbers:
                column.add_text(_as_text(cells))
            elif _is_float(cells) and not column.names_rows:
                column.add_numbers(cells, cells.to_numpy(zero_copy_only=False))
            else:
                written.append((column, _as_text(cells)))
        if written:
            _add_written(written, numbers)
    pa.default_memory_pool().release_unused()
    return columns


def _add_written(batch: "list[tuple[Column, pa.StringArray]]", numbers: NumberFormat) -> None:
    """Give every column its next cells; numbers are found in all columns at once, because most are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = len(batch[0][1])
    cells = pc.utf8_trim_whitespace(pa.concat_arrays([cells for _, cells in batch]))
    found = numbers.matches(cells).to_numpy(zero_copy_only=False).reshape(-1, rows).all(axis=1)
    whole = cells if found.all() else cells.filter(pa.array(np.repeat(found, rows)))
    values = iter(numbers.values(whole).to_numpy().reshape(-1, rows))
    for at, (column, _) in enumerate(batch):
        own = cells.slice(at * rows, rows)
        if found[at]:
            column.add_numbers(own, next(values))
        else:
            column.add_mixed(own, numbers)


def _is_float(cells: "pa.Array") -> bool:
    import pyarrow as pa

    return pa.types.is_floating(cells.type)


def _is_any(cells: "pa.StringArray", words: Iterable[str]) -> "pa.BooleanArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(cells, value_set=pa.array(words, pa.string()))


def _as_text(cells: "pa.Array") -> "pa.StringArray":
    """Write numbers as people do: whole ones without decimals, absent ones as empty cells."""
    import pyarrow as pa

    if not _is_float(cells):
        return cells

    def written(value: float | None) -> str:
        if value is None or value != value:
            return ""
        return str(int(value)) if float(value).is_integer() else repr(value)

    return pa.array([written(value) for value in cells.to_pylist()], pa.string())
