"""Find out how a table was written as text: its encoding, its separator, and the line of every row."""

import csv
import io
import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from winnow.dataset._container import AS_TEXT, opened, unreadable
from winnow.dataset._wording import listed
from winnow.dataset.tables._encoding import encoding_in_words, find_encoding
from winnow.errors import DatasetUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

Separator = Literal["comma", "semicolon", "tab", "bar"]
SIGNS: dict[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
SAMPLED_LETTERS, SAMPLED_ROWS = 2**18, 100
LONGEST_HEADER = 2**24
BLOCK_BYTES = 2**17
BYTES_PER_LETTER = 8  # at most: four in UTF-8, and quotes are doubled
# What Excel writes into, and expects in, a first line of its own.
SEPARATOR_LINE = re.compile(r'^"?sep=(.)"?\r?\n', re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """How a text table is written, and a first look at its rows."""

    kind: str
    encoding: str
    separator: str
    names: tuple[str, ...]
    header_cells: int
    sample: tuple[list[str], ...]

    def __str__(self) -> str:
        """Say it as a part of a sentence."""
        packed = "" if self.kind == "text" else f", {self.kind}"
        return f"{self.separator}-separated, {encoding_in_words(self.encoding)}{packed}"


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


def read_text(
    path: Path, kind: str, label: str | None, separator: Separator | None = None, encoding: str | None = None
) -> TextTable:
    """Find out how a table was written, and count its lines.

    Raises
    ------
    DatasetUnavailable
        If it is no table, or may be read in two ways.
    """
    layout = find_layout(path, kind, label, separator, encoding or find_encoding(path, kind))
    lines, rows, ragged = array("q"), array("q"), []
    with opened(path, kind) as stream:
        reader = csv.reader(_text(stream, layout.encoding), delimiter=SIGNS[layout.separator], strict=True)
        try:
            _to_header(reader)
            header_lines, number, longest = reader.line_num, 0, 0
            for cells in reader:
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


def find_layout(
    path: Path, kind: str, label: str | None, separator: Separator | None, encoding: str
) -> Layout:
    """Find the separator that gives every row the same number of cells and a column for the label, if any."""
    with opened(path, kind) as stream:
        try:
            text = _text(stream, encoding)
            header = text.readline(LONGEST_HEADER)
            sample = header + text.read(SAMPLED_LETTERS)
            cut = len(sample) - len(header) == SAMPLED_LETTERS
        except UnicodeError as error:
            raise unreadable(path, f"{error}", "say dataset.encoding") from error
    if not sample.strip():
        raise table_fault(path, "have a first line, got none")
    names = {sign: name for name, sign in SIGNS.items()}
    if separator is None and (line := SEPARATOR_LINE.match(sample)):
        separator = names.get(line[1])
    tried = {name: _rows(sample, sign, cut) for name, sign in SIGNS.items() if separator in (None, name)}
    chosen = _fitting(path, tried, label)
    names, *rows = tried[chosen]
    return Layout(kind, encoding, chosen, _named_columns(names, rows), len(names), tuple(rows))


def _fitting(path: Path, tried: dict[str, list[list[str]]], label: str | None) -> str:
    """Return the separator that makes a table of the sampled rows."""
    labelled = [name for name, rows in tried.items() if label in (None, *map(clean_name, rows[0]))]
    regular = [name for name in labelled if len(rows := tried[name]) == 1 or _regular(rows)]
    wide = [name for name in regular if len(tried[name][0]) > 1] or regular[:1]
    if len(wide) > 1:
        raise table_fault(
            path,
            f"have one separator, got lines that {' or '.join(wide)} would split into columns alike",
            f"say which it is: dataset.separator={wide[0]}",
        )
    if wide or (labelled and label is not None):
        return (wide or labelled)[0]
    return max(tried, key=lambda name: (_regular(tried[name]), len(tried[name][0])))


def _regular(rows: list[list[str]]) -> bool:
    header, *others = rows
    lengths = {len(cells) for cells in others}
    return len(lengths) == 1 and lengths <= {len(header), len(header) + 1}


def _rows(sample: str, sign: str, cut: bool) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=sign)
    try:
        header = _to_header(reader)
        rows = [cells for cells in islice(reader, SAMPLED_ROWS) if any(map(str.strip, cells))]
    except csv.Error:
        return [[]]
    # The last row of a sample may lack its end.
    return [header, *(rows[:-1] if cut and len(rows) < SAMPLED_ROWS else rows)]


def _to_header(reader: Iterator[list[str]]) -> list[str]:
    """Read up to the names of the columns: past blank lines and a line that only names the separator."""
    for cells in reader:
        joined = "".join(cells).strip().lower()
        if joined and not (joined.startswith("sep=") and len(joined) <= len("sep=;")):
            return cells
    return []


def _named_columns(header: list[str], rows: list[list[str]]) -> tuple[str, ...]:
    """Return a name for every column, also where the rows have one cell more than there are names.

    R does not name the column of row names; some programs end every row with a separator.
    """
    names = tuple(map(clean_name, header))
    if rows and all(len(cells) == len(header) + 1 for cells in rows):
        return (*names, "") if not any(cells[-1].strip() for cells in rows) else ("", *names)
    return names


def clean_name(name: str) -> str:
    """Return a column's name as it is compared: without blanks around it, accents in one piece.

    >>> clean_name(" petal ")
    'petal'
    """
    return unicodedata.normalize("NFC", name.strip().strip("\ufeff").strip())


def _text(stream: io.BufferedIOBase, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding=encoding, newline="")


def table_fault(path: Path, rule: str, remedy: str = AS_TEXT) -> DatasetUnavailable:
    """Say which rule a table breaks."""
    return DatasetUnavailable(f"the table must {rule}", where=str(path), remedy=remedy)
