"""Keep environment variables, files and the like out of the settings that are recorded with the results."""

import re
from collections.abc import Mapping
from typing import Any

from winnow.command._shown import printable_key, short
from winnow.errors import InvalidValue

# The name of another setting between braces; a resolver has a colon, and nesting could hide one.
_INTERPOLATION = re.compile(r"\$\{[^${}:]*\}")


def check_resolvers(settings: Any, name: str = "") -> None:
    """Refuse every resolver, such as `${oc.env:HOME}`, in unresolved settings; `${k}` stays allowed.

    What a resolver returns, such as an environment variable, would be recorded with the results.

    Raises
    ------
    InvalidValue
        Naming the first setting with a resolver.

    Examples
    --------
    >>> check_resolvers({"budget": "${k}", "clusterer": {"k": "${k}"}})
    >>> check_resolvers({"state_dir": "${oc.env:HOME}/state"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    winnow.errors.InvalidValue: state_dir must be a value or the name of a setting, got '${oc.env:HOME}...
    """
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            check_resolvers(key, name or str(key))
            check_resolvers(value, f"{name}.{key}" if name else str(key))
    elif isinstance(settings, list | tuple):
        for number, value in enumerate(settings):
            check_resolvers(value, f"{name}.{number}")
    elif isinstance(settings, str) and "${" in _INTERPOLATION.sub("", settings):
        raise InvalidValue(
            f"{printable_key(name)} must be a value or the name of a setting, got {short(settings)}",
            where=printable_key(name),
            remedy="write the value itself; of interpolations only those such as ${k} are known",
        )
