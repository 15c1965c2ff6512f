"""Name a result by everything it depends on, so that an equal key means an equal result.

A key can be too fine (something is computed twice) but never too coarse (yesterday's rows are served for
today's question): whatever cannot be hashed exactly is refused.
"""

import hashlib
import json
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.stages import Wrapper
from winnow.store.source import code_hash


def content_key(**parts: Any) -> str:
    """Return the sha256 of the parts as canonical JSON: plain values, in any order of keywords.

    1 and 1.0 are different parts, and so are 0.1 and 0.1000000001; a tuple equals a list.

    Raises
    ------
    TypeError
        If a part is not str, int, float, bool or None, or a list, tuple or dict (with string keys) of these.
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> content_key(k=600, seed=0) == content_key(seed=0, k=600)
    True
    >>> content_key(k=600) == content_key(k=600.0)
    False
    """
    canonical = json.dumps(_plain(parts), sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(part: Any) -> Any:
    match part:
        case None | bool() | int() | float() | str():
            return part
        case list() | tuple():
            return [_plain(each) for each in part]
        # JSON would turn the key 1 into "1", and two different dicts into one.
        case dict() if all(isinstance(key, str) for key in part):
            return {key: _plain(each) for key, each in part.items()}
    raise TypeError(f"the parts of a key must be plain values with string keys, got {part!r}")


def checksum(*arrays: ndarray) -> str:
    """Return the sha256 of every array's dtype, shape and bytes in row order.

    >>> import numpy as np
    >>> checksum(np.zeros(2, "float32")) == checksum(np.zeros(2, "int32"))
    False
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr((array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    return digest.hexdigest()


def identity(stage: object) -> str:
    """Return the repr of `stage` and a hash of all code that its class reaches; the same of what it wraps.

    Raises
    ------
    InvalidValue
        If the repr holds a memory address: it says nothing about hyper-parameters, and it is used again.
    """
    text = repr(stage)
    if " at 0x" in text:
        raise InvalidValue(
            f"the repr of a stage must spell out its hyper-parameters, got {text}",
            remedy="make it a frozen dataclass of plain values",
        )
    inner = f" {identity(stage.inner)}" if isinstance(stage, Wrapper) else ""
    return f"{text} {code_hash(type(stage))}{inner}"


def library_versions(*names: str) -> dict[str, str]:
    """Return the installed version of every distribution named."""
    return {name: _version(name) for name in names}


_version = cache(version)
