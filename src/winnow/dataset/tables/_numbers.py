"""Read numbers as people of different countries and programs write them.

`1.5`, `1,5`, `1,234.5`, `1.234,5`, `1 234,5` and `1'234.5` are all numbers somewhere; what they are in one
file is found from cells that can be read in one way only. `1,234` alone is 1.234 or 1234: nothing is guessed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from winnow.errors import InvalidValue

if TYPE_CHECKING:
    import pyarrow as pa

Decimal = Literal["point", "comma"]
Thousands = Literal["none", "point", "comma", "blank", "apostrophe"]
SIGNS = {"none": "", "point": ".", "comma": ",", "blank": " ", "apostrophe": "'"}
# What programs write in place of the plain blank, minus and apostrophe.
ALIKE = (("[\u00a0\u2007\u2009\u202f]", " "), ("\u2212", "-"), ("\u2019", "'"))
EXPONENT = r"([eE][+-]?\d+)?"


@dataclass(frozen=True)
class NumberFormat:
    """The sign before the decimals, and the one between groups of three digits."""

    decimal: Decimal = "point"
    thousands: Thousands = "none"

    def __str__(self) -> str:
        """Say it as a part of a sentence."""
        grouped = f", {self.thousands} between thousands" if self.thousands != "none" else ""
        return f"decimal {self.decimal}{grouped}"

    @property
    def pattern(self) -> str:
        """A regular expression for the numbers of this format, without groups or grouped throughout."""
        decimal, group = re.escape(SIGNS[self.decimal]), re.escape(SIGNS[self.thousands])
        plain = rf"\d+{decimal}?\d*|{decimal}\d+"
        # Nobody writes 0,283 for 283.
        grouped = rf"|[1-9]\d{{0,2}}({group}\d{{3}})+({decimal}\d*)?" if group else ""
        return rf"^[+-]?({plain}{grouped}){EXPONENT}$"

    def value(self, cell: str) -> float:
        """Convert one cell that matches.

        >>> NumberFormat("comma", "point").value("1.234,5")
        1234.5
        """
        return float(cell.replace(SIGNS[self.thousands], "").replace(SIGNS[self.decimal], "."))

    def matches(self, cells: "pa.StringArray") -> "pa.BooleanArray":
        """Say which cells are numbers in this format."""
        import pyarrow.compute as pc

        return pc.match_substring_regex(cells, self.pattern)

    def values(self, cells: "pa.StringArray") -> "pa.DoubleArray":
        """Convert cells that match to float64."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.thousands != "none":
            cells = pc.replace_substring(cells, SIGNS[self.thousands], "")
        if self.decimal == "comma":
            cells = pc.replace_substring(cells, ",", ".")
        return pc.cast(cells, pa.float64())


def normalized(cells: "pa.StringArray") -> "pa.StringArray":
    """Replace the typographic blank, minus and apostrophe by those of a keyboard."""
    import pyarrow.compute as pc

    for pattern, plain in ALIKE:
        cells = pc.replace_substring_regex(cells, pattern, plain)
    return cells


PLAIN = NumberFormat()
FORMATS = tuple(
    NumberFormat(decimal, thousands)
    for decimal in ("point", "comma")
    for thousands in ("none", "point", "comma", "blank", "apostrophe")
    if decimal != thousands
)
"""The simplest first."""


def find_format(
    cells: Iterable[str], decimal: Decimal | None = None, thousands: Thousands | None = None
) -> NumberFormat:
    """Return the simplest format in which all number-like cells are numbers.

    Where there is none, it is the one that reads most of them. What is given is not looked for.

    >>> find_format(["3", "0.5", "red"])
    NumberFormat(decimal='point', thousands='none')
    >>> find_format(["1.234,5", "7"])
    NumberFormat(decimal='comma', thousands='point')

    Raises
    ------
    InvalidValue
        If a comma may stand before decimals or between thousands. A point is taken to be a decimal point,
        as in the files of programs, unless other cells say that it is none.
    """
    patterns = {
        each: re.compile(each.pattern)
        for each in FORMATS
        if decimal in (None, each.decimal) and thousands in (None, each.thousands)
    }
    if not patterns:
        raise InvalidValue(f"dataset.decimal and dataset.thousands must differ, got {decimal} for both")
    numbers = [cell for cell in cells if any(pattern.match(cell) for pattern in patterns.values())]
    read = {each: sum(bool(pattern.match(cell)) for cell in numbers) for each, pattern in patterns.items()}
    complete = [each for each in patterns if read[each] == len(numbers)]
    if not complete:
        return max(patterns, key=read.__getitem__)
    for cell in numbers:
        if "," in cell and len({each.value(cell) for each in complete}) > 1:
            raise InvalidValue(
                f"numbers must have one meaning, got {cell!r}: its comma may stand before decimals or "
                "between thousands",
                remedy="say dataset.decimal=comma or dataset.thousands=comma",
            )
    return complete[0]
