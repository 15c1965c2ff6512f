"""Name cells, columns and faults in messages: one line, short, nothing that moves a terminal's cursor."""

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

SPELLED_OUT = 8
"""Faults that one message spells out; the others are counted."""
LONGEST = 60


def listed(faults: Iterable[str], total: int | None = None) -> str:
    """Name the first few faults and count the others, of which there are `total` in all.

    >>> listed(["a", "b"]), listed(["a"], total=5)
    ('a, b', 'a and 4 more')
    """
    faults = list(faults)
    total = len(faults) if total is None else total
    shown = faults[:SPELLED_OUT]
    others = f" and {total - len(shown):,} more" if total > len(shown) else ""
    return ", ".join(shown) + others


def quoted(cell: str) -> str:
    r"""Return a cell in quotes, shortened, with every character visible that is none on paper.

    >>> print(quoted("n/a"), quoted("a\nb"), quoted("x" * 99)[-4:])
    'n/a' 'a\nb' x...
    """
    return repr(cell) if len(cell) <= LONGEST else f"{cell[:LONGEST]!r}"[:-1] + "..."


def named(column: str) -> str:
    r"""Return the name of a column as people write it, or in quotes where it would be misread.

    >>> named("petal"), named(""), named("a\x1b")
    ('petal', "''", "'a\\x1b'")
    """
    plain = column and column.isprintable() and len(column) <= LONGEST
    return column if plain else quoted(column)


def clean_name(name: str) -> str:
    """Return a column's name as it is compared: without blanks around it, accents in one piece.

    >>> clean_name(" petal ")
    'petal'
    """
    return unicodedata.normalize("NFC", name.strip().strip("\ufeff").strip())


def near(wanted: Iterable[str], there: Sequence[str]) -> str:
    """Ask whether a name that is there was meant, where one is close to a wanted one that is not.

    >>> near(["Species"], ["petal", "species"]), near(["y"], ["petal"])
    ('did you mean species?', '')
    """
    lowered = {name.lower(): name for name in there}
    for name in wanted:
        if name not in there and (found := get_close_matches(name.lower(), lowered, n=1)):
            return f"did you mean {named(lowered[found[0]])}?"
    return ""
