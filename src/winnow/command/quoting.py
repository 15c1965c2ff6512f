"""Quote a value so that Hydra reads it as text, and the whole argument so that a shell hands it on unchanged.

Hydra's grammar gives a meaning to `=`, `~`, parentheses, brackets, braces, commas and blanks, and knows no
letters beyond ASCII outside of quotes.
"""

import re
import shlex
from os.path import expanduser

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

_SPECIAL_IN_DOUBLE_QUOTES = re.compile(r'(["\\$`!])')


def quoted(text: str) -> str:
    r"""Return `text` between the quotes of Hydra's grammar.

    >>> print(quoted("photos (new)"), quoted('the "best"'))
    "photos (new)" "the \"best\""
    """
    # A backslash means itself, unless a quote follows those that stand together.
    return '"' + re.sub(r'(\\*)("|\Z)', lambda at: 2 * at[1] + ('\\"' if at[2] else ""), text) + '"'


def as_typed(word: str) -> str | None:
    r"""Return what to type in a shell instead of an argument that Hydra cannot read; None if nothing helps.

    >>> print(as_typed("dataset.folder=/data/run=3/photos (new)"))
    'dataset.folder="/data/run=3/photos (new)"'
    >>> print(as_typed("dataset.folder=~/photos"))
    "dataset.folder=$HOME/photos"
    """
    name, equals, value = word.partition("=")
    if not equals or not word.isprintable():
        return None
    if value.startswith("~/"):
        return _from_home(name, value[1:])
    text = expanduser(value)  # of another person: ~name
    return shlex.quote(f"{name}={quoted(text)}") if value_of(f"{name}={quoted(text)}") == text else None


def _from_home(name: str, rest: str) -> str | None:
    path, typed = expanduser("~") + rest, "$HOME" + _SPECIAL_IN_DOUBLE_QUOTES.sub(r"\\\1", rest)
    if value_of(f"{name}={path}") == path:
        return f'"{name}={typed}"'
    if value_of(f"{name}='{path}'") == path:
        return f"\"{name}='{typed}'\""
    return shlex.quote(f"{name}={quoted(path)}") if value_of(f"{name}={quoted(path)}") == path else None


def value_of(word: str) -> object:
    """Return the value that Hydra reads in an argument, or None if it cannot read it."""
    try:
        (override,) = OverridesParser.create().parse_overrides([word])
        return override.value()
    except (HydraException, ValueError):
        return None
