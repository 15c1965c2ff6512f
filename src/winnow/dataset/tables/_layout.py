"""Find out how a table was written as text: its separator, and the names of its columns."""

import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from winnow.dataset._container import opened, table_fault, unreadable
from winnow.dataset._wording import clean_name
from winnow.dataset.tables._encoding import check_encoding, encoding_in_words, find_encoding

Separator = Literal["comma", "semicolon", "tab", "bar"]
SIGNS: dict[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
SAMPLED_LETTERS, SAMPLED_ROWS = 2**18, 100
LONGEST_HEADER = 2**24
# What Excel writes into, and expects in, a first line of its own.
SEPARATOR_LINE = re.compile(r'^"?sep=(.)"?\r?\n', re.IGNORECASE)


@dataclass(frozen=True)
class TextSettings:
    """How a table is written as text, as far as a person said it; None is found from the file."""

    separator: Separator | None = None
    encoding: str | None = None
    header: bool | None = None


@dataclass(frozen=True)
class Layout:
    """How a text table is written, and a first look at its rows.

    `header_cells` are the cells of the line that names the columns, or of the first row where none does;
    `header` is what a person said of that line, None if it is a guess that there is one.
    """

    kind: str
    encoding: str
    separator: str
    names: tuple[str, ...]
    header_cells: int
    sample: tuple[list[str], ...]
    header: bool | None

    def __str__(self) -> str:
        """Say it as a part of a sentence."""
        packed = "" if self.kind == "text" else f", {self.kind}"
        return f"{self.separator}-separated, {encoding_in_words(self.encoding)}{packed}"


def find_layout(path: Path, kind: str, label: str | None, settings: TextSettings) -> Layout:
    """Find the separator that gives every row the same number of cells and a column for the label, if any.

    Raises
    ------
    DatasetUnavailable
        If nothing is written there, or several separators fit.
    InvalidValue
        If there is no such encoding.
    """
    encoding = check_encoding(settings.encoding) if settings.encoding else find_encoding(path, kind)
    with opened(path, kind) as stream:
        try:
            text = as_text(stream, encoding)
            header = text.readline(LONGEST_HEADER)
            sample = header + text.read(SAMPLED_LETTERS)
            cut = len(sample) - len(header) == SAMPLED_LETTERS
        except UnicodeError as error:
            raise unreadable(path, f"{error}", "say dataset.encoding") from error
    if not sample.strip():
        raise table_fault(path, "have a first line, got none")
    separator, names = settings.separator, {sign: name for name, sign in SIGNS.items()}
    if separator is None and (line := SEPARATOR_LINE.match(sample)):
        separator = names.get(line[1])
    tried = {name: _rows(sample, sign, cut) for name, sign in SIGNS.items() if separator in (None, name)}
    named = {name: _column_names(rows, settings.header) for name, rows in tried.items()}
    chosen = _fitting(path, tried, named, label)
    rows = tried[chosen] if settings.header is False else tried[chosen][1:]
    return Layout(kind, encoding, chosen, named[chosen], len(tried[chosen][0]), tuple(rows), settings.header)


def _fitting(
    path: Path, tried: dict[str, list[list[str]]], named: dict[str, tuple[str, ...]], label: str | None
) -> str:
    """Return the separator that makes a table of the sampled rows, with a column for the label, if any."""
    labelled = [name for name in tried if label is None or label in named[name]]
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
    """Return the cells of the first rows, split at a sign: those of the header first, if there is one."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=sign)
    try:
        _, first = to_first_row(reader)
        rows = [cells for cells in islice(reader, SAMPLED_ROWS) if any(map(str.strip, cells))]
    except csv.Error:
        return [[]]
    # The last row of a sample may lack its end.
    return [first, *(rows[:-1] if cut and len(rows) < SAMPLED_ROWS else rows)]


def to_first_row(reader: Any) -> tuple[int, list[str]]:
    """Read up to the first row of a `csv.reader`: past blank lines and one that only names the separator.

    Returns the number of lines before it, and its cells; none if there is no such row.
    """
    before = 0
    for cells in reader:
        joined = "".join(cells).strip().lower()
        if joined and not (joined.startswith("sep=") and len(joined) <= len("sep=;")):
            return before, cells
        before = reader.line_num
    return before, []


def _column_names(rows: list[list[str]], header: bool | None) -> tuple[str, ...]:
    """Return a name for every column, also where the rows have one cell more than there are names.

    R does not name the column of row names; some programs end every row with a separator. Where no line
    names the columns, they are numbered from one, as polars does.

    >>> _column_names([["petal", "kind"], ["1", "5.0", "rose"]], None)
    ('', 'petal', 'kind')
    >>> _column_names([["5.0", "rose"]], False)
    ('column_1', 'column_2')
    """
    first, *others = rows
    if header is False:
        return tuple(f"column_{number}" for number, _ in enumerate(first, 1))
    names = tuple(map(clean_name, first))
    if others and all(len(cells) == len(first) + 1 for cells in others):
        return (*names, "") if not any(cells[-1].strip() for cells in others) else ("", *names)
    return names


def as_text(stream: io.BufferedIOBase, encoding: str) -> io.TextIOWrapper:
    """Decode a stream, and leave the ends of its lines as they are: a csv reader knows them."""
    return io.TextIOWrapper(stream, encoding=encoding, newline="")
