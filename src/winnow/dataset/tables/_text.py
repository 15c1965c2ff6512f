"""Read the rows of a table that is written as text: the line of each, and its cells."""

import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.dataset._container import opened, table_fault, unreadable
from winnow.dataset._wording import listed
from winnow.dataset.tables._layout import SIGNS, Layout, TextSettings, as_text, find_layout, to_first_row

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 2**17
BYTES_PER_LETTER = 8  # at most: four in UTF-8, and quotes are doubled


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table of text cells, in a file.

    `lines` holds the line in which each row ends, as editors count them; `rows` its place among the `total`
    rows of as many cells as there are columns; `header_lines` the lines before the first of them; `longest`
    the number of letters in the longest row.
    """

    path: Path
    layout: Layout
    header_lines: int
    lines: "array[int]"
    rows: "array[int]"
    total: int
    longest: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.layout.names

    @property
    def index(self) -> frozenset[int]:
        """No columns: text does not say what wrote it."""
        return frozenset()

    @property
    def header_is_guessed(self) -> bool:
        """Whether nobody said if the first line names the columns."""
        return self.layout.header is None

    @property
    def sample(self) -> Sequence[list[str]]:
        """The cells of the first rows."""
        return self.layout.sample

    def __len__(self) -> int:
        return len(self.lines)

    def __str__(self) -> str:
        """Say how it is written, as a part of a sentence."""
        blank = self.total - len(self.rows)
        return f"{self.layout}{f', {blank:,} without cells left out' if blank else ''}"

    def place(self, row: int) -> str:
        """Say where a row lies in the file."""
        return f"line {self.lines[row]}"

    def batches(self, columns: list[int]) -> Iterator[list["pa.Array"]]:
        """Yield the cells of some columns as text, some thousand rows at a time.

        Raises
        ------
        DatasetUnavailable
            If the file cannot be read to its end.
        """
        import numpy as np
        import pyarrow as pa

        seen, rows = 0, np.asarray(self.rows)
        complete = self.total == len(rows)
        with opened(self.path, self.layout.kind) as stream:
            try:
                for batch in self._reader(stream, columns):
                    first, last = np.searchsorted(rows, [seen, seen + len(batch)])
                    chosen = batch if complete else batch.take(pa.array(rows[first:last] - seen))
                    seen += len(batch)
                    yield chosen.columns
                if seen != self.total:
                    raise unreadable(self.path, f"{seen} rows in place of {self.total}: check its quotes")
            except pa.ArrowInvalid as error:
                raise unreadable(self.path, " ".join(str(error).split())) from error

    def _reader(self, stream: io.BufferedIOBase, columns: list[int]) -> "pa.csv.CSVStreamingReader":
        import pyarrow as pa
        from pyarrow import csv as arrow

        names = [str(column) for column in range(len(self.names))]
        return arrow.open_csv(
            stream,
            read_options=arrow.ReadOptions(
                use_threads=False,
                # A block must hold a row.
                block_size=max(BLOCK_BYTES, BYTES_PER_LETTER * (self.longest + len(names))),
                skip_rows=self.header_lines,
                column_names=names,
                encoding=self.layout.encoding,
            ),
            # Rows of another length were refused, or found to be blank, when the lines were counted.
            parse_options=arrow.ParseOptions(
                delimiter=SIGNS[self.layout.separator],
                newlines_in_values=True,
                invalid_row_handler=lambda row: "skip",
            ),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                include_columns=[names[column] for column in columns],
            ),
        )


def read_text(path: Path, kind: str, label: str | None, settings: TextSettings) -> TextTable:
    """Find out how a table was written, and count its lines.

    Raises
    ------
    DatasetUnavailable
        If it is no table, or may be read in two ways.
    InvalidValue
        If there is no such encoding.
    """
    layout = find_layout(path, kind, label, settings)
    lines, rows, ragged = array("q"), array("q"), []
    with opened(path, kind) as stream:
        reader = csv.reader(as_text(stream, layout.encoding), delimiter=SIGNS[layout.separator], strict=True)
        try:
            before, first = to_first_row(reader)
            header_lines, left = (before, [first]) if layout.header is False else (reader.line_num, [])
            number = longest = 0
            for cells in chain(left, reader):
                if not any(cell and not cell.isspace() for cell in cells):
                    number += len(cells) == len(layout.names)
                    continue
                longest = max(longest, sum(map(len, cells)))
                if len(cells) != len(layout.names):
                    ragged.append(f"{len(cells)} in line {reader.line_num}")
                lines.append(reader.line_num)
                rows.append(number)
                number += 1
        except (csv.Error, UnicodeError) as error:
            raise unreadable(path, f"{error} in line {reader.line_num}") from error
    if ragged:
        raise table_fault(path, f"have {layout.header_cells} cells in every row, got {listed(ragged)}")
    return TextTable(path, layout, header_lines, lines, rows, number, longest)
