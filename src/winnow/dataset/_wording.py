"""Name cells, columns and faults in messages: one line, short, nothing that moves a terminal's cursor."""

from collections.abc import Iterable

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
