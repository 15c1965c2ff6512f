"""Check plain values against the fields of a class, which carry types and bounds, and refuse in one line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from winnow import registry
from winnow.errors import InvalidValue

UNKNOWN = "every key must be known"
"""What the refusal of a key begins with that nothing has."""
_adapter = cache(TypeAdapter)  # one takes longer to make than to use, and every job uses the same


def checked(kind: type, values: dict[str, Any], prefix: str = "") -> Any:
    """Make a `kind` of plain values; `prefix` is what is typed before the names of its fields.

    >>> from winnow.selector.zcore import ZCore
    >>> checked(ZCore, {"neighbours": 0}, "selector.")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    winnow.errors.InvalidValue: selector.neighbours must be greater than or equal to 1, got 0 | ...

    Raises
    ------
    InvalidValue
        At the first value that breaks a rule of its field.
    """
    try:
        # As JSON, because a list may then stand for a tuple while strings still never pass for numbers.
        return _adapter(kind).validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if isinstance(own := first.get("ctx", {}).get("error"), InvalidValue):
            raise own from error  # a stage whose settings contradict each other says so itself
        name = prefix + ".".join(str(part) for part in first["loc"] if isinstance(part, int | str))
        rule = first["msg"].removeprefix("Input should ").removeprefix("String should ")
        raise InvalidValue(
            f"{name} must {rule}, got {first['input']!r}",
            where=f"{name}={first['input']}",
            remedy=_remedy(name, rule, first["input"]),
        ) from error


def _remedy(name: str, rule: str, value: Any) -> str:
    """Return what to type instead of a value that breaks a rule, as far as that can be guessed."""
    if "a share such as" in rule and isinstance(value, float) and 0 < value < 1:
        return f"type {name}={100 * value:g}%"
    if rule in ("be a valid array", "be a valid tuple", "be a valid list") and isinstance(value, str):
        return f"a list is written {name}=[{value}]"
    if rule == "be a valid string" and isinstance(value, int | float):
        return f"""text is put in quotes: '{name}="{value}"'"""
    return "--help shows the settings and their defaults"


def refuse_unknown(values: Mapping[str, Any], known: Sequence[str], prefix: str) -> None:
    """Refuse a key that is none of the `known` ones; `prefix` is what is typed before each.

    Raises
    ------
    InvalidValue
        At the first such key, with the known one that is most like it.
    """
    for name in values:
        if name not in known:
            raise unknown_key(prefix + name, [prefix + each for each in known])


def unknown_key(name: str, known: Sequence[str]) -> InvalidValue:
    """Return the refusal of a key that nothing has, with the known one that is most like it."""
    near = get_close_matches(name, known, n=1)
    remedy = f"did you mean {near[0]}?" if near else _options_with(name) or "--help shows all settings"
    return InvalidValue(f"{UNKNOWN}, got {name}", where=name, remedy=remedy)


def _options_with(name: str) -> str:
    """Say which other options of its group have a setting of this name, if some do."""
    group, _, setting = name.partition(".")
    options = registry.options(group) if group in registry.GROUPS else ()
    having = [each for each in options if setting in fields_of(registry.load(group, each))]
    return f"{setting} is a setting of {group}={', '.join(having)}" if having else ""


def fields_of(kind: type) -> list[str]:
    """Return the names of the fields of a dataclass."""
    return [field.name for field in fields(kind)]
