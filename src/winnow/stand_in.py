"""Spare the import of a library that another one mentions but, in the way it is used here, never needs.

An import statement takes what it finds under a name in `sys.modules`; here, for a moment, it finds a
module of a few given names.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class Foreign:
    """What nothing is an instance of, in place of a class that is only ever asked about."""


@contextmanager
def standing_in(name: str, **contents: Any) -> Iterator[None]:
    """Let a module of these contents stand in for `name`, unless that is loaded; afterwards it is as ever.

    >>> with standing_in("a_library", answer=42):
    ...     from a_library import answer
    >>> answer, "a_library" in sys.modules
    (42, False)
    """
    if name in sys.modules:
        yield
        return
    stand_in = ModuleType(name)
    vars(stand_in).update(contents)
    sys.modules[name] = stand_in
    try:
        yield
    finally:
        del sys.modules[name]
