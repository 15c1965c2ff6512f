"""Show values of a configuration that nobody has checked yet: on one line, and not at length."""

from typing import Any

ABSENT = object()
"""Stands for the value of a key that is not there."""


def short(value: Any) -> str:
    r"""Return a value as it is shown in a refusal.

    >>> short(ABSENT), short("a\n"), len(short("a" * 100))
    ('nothing', "'a\\n'", 80)
    """
    text = "nothing" if value is ABSENT else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def printable_key(key: Any) -> str:
    r"""Return a key as it is, unless it is long or holds control characters.

    >>> printable_key("seed"), printable_key("a\n")
    ('seed', "'a\\n'")
    """
    return short(key) if not str(key).isprintable() or len(str(key)) > 80 else str(key)
