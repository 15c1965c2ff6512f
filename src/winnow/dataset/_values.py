"""Bring values that were written in several ways to one: classes and categories.

Blanks around a value and the way a number is written (`1`, `1.0`, `01`) make no difference. Values that
differ in letter case, accents or invisible characters look alike too, but which was meant cannot be known.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from winnow.dataset._wording import listed, quoted

NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$", re.ASCII)


def same_numbers(values: Sequence[str]) -> dict[str, str]:
    """Map every value that is written in several ways to the plainest of them.

    >>> same_numbers(["1", "1.0", "2", "x"])
    {'1': '1', '1.0': '1'}
    """
    written = defaultdict(list)
    for value in values:
        if NUMBER.match(value):
            written[Decimal(value)].append(value)
    return {
        value: plain
        for number, spellings in written.items()
        if len(spellings) > 1
        for plain in [f"{number.normalize() + 0:f}"]
        for value in spellings
    }


def look_alikes(values: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of values that differ only in case, accents' encoding, blanks or invisible characters.

    >>> look_alikes(["cat", "dog", "CAT"])
    [('cat', 'CAT')]
    """
    alike = defaultdict(list)
    for value in values:
        alike[_bare(value)].append(value)
    return [(first, other) for first, *others in alike.values() for other in others]


def pairs_in_words(pairs: Sequence[tuple[str, str]]) -> str:
    r"""Show pairs of values; those that look the same in print, by the codes of their letters.

    >>> pairs_in_words([("cat", "Cat"), ("\u00e9", "e\u0301")])
    "'cat' and 'Cat', '\\xe9' and 'e\\u0301'"
    """
    return listed(
        " and ".join(map(ascii, pair))
        if _print(pair[0]) == _print(pair[1])
        else " and ".join(map(quoted, pair))
        for pair in pairs
    )


def in_order(values: Sequence[str]) -> list[str]:
    """Return names in alphabetical order, numbers by their size.

    >>> in_order(["10", "9"]), in_order(["b", "10", "9"])
    (['9', '10'], ['10', '9', 'b'])
    """
    numeric = all(map(NUMBER.match, values))
    return sorted(values, key=lambda value: (Decimal(value) if numeric else 0, value))


def _print(value: str) -> str:
    """What a value looks like: composed, without characters that have no shape, blanks all alike."""
    shaped = "".join(letter for letter in value if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", shaped).split(" "))


def _bare(value: str) -> str:
    return " ".join(_print(value).split()).casefold()
