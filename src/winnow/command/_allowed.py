"""Compare what a configuration says to Hydra with what is allowed, before Hydra acts on it.

The whole `hydra` node is compared with the one that winnow ships: what differs must be on the list below. A
key that nobody thought of is refused like that.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from winnow.command._launchers import LAUNCHERS, Rule, of_type, one_of
from winnow.command._shown import ABSENT, printable_key, short
from winnow.command._typed import LEFT_AS_IT_IS, MODE_WORDS, MODES, Typed
from winnow.command.launchers import GROUP, READY
from winnow.errors import InvalidValue

Keys = tuple[Any, ...]


def chosen_launcher(hydra: Mapping[str, Any]) -> str:
    """Return the launcher that a composed `hydra` node names.

    Raises
    ------
    InvalidValue
        If it is none of `LAUNCHERS`.
    """
    node: Any = hydra
    for key in ("runtime", "choices", GROUP):
        node = node.get(key) if isinstance(node, Mapping) else None
    _check_launcher(node)
    return node


def _check_launcher(name: Any) -> None:
    if type(name) is not str or name.removeprefix(READY) not in LAUNCHERS:
        words = one_of(*LAUNCHERS).words
        raise InvalidValue(f"hydra/launcher must {words}, got {short(name)}", where="hydra/launcher")


def check_composed(hydra: Mapping[str, Any], shipped: Mapping[str, Any], typed: Typed) -> None:
    """Refuse a composed `hydra` node that differs from the shipped one in anything that is not on the list.

    Parameters
    ----------
    hydra
        The node of `compose(..., typed.words, return_hydra_config=True)` as plain values, unresolved.
    shipped
        The node of `compose(..., [f"hydra/launcher={chosen_launcher(hydra)}"])`, likewise.
    typed
        The words with which `hydra` was composed: those of the command, or of one job of a sweep.

    Raises
    ------
    InvalidValue
        Naming the first key that is not allowed.

    Examples
    --------
    >>> shipped = {"launcher": {"n_jobs": 1}, "runtime": {"choices": {"hydra/launcher": "joblib"}}}
    >>> check_composed({**shipped, "launcher": {"n_jobs": 2}}, shipped, Typed(()))
    >>> evil = {**shipped, "callbacks": {"x": {"_target_": "os.system"}}}
    >>> check_composed(evil, shipped, Typed(()))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    winnow.errors.InvalidValue: hydra.callbacks.x._target_ must be left as it is, got 'os.system' | ...
    """
    settings = LAUNCHERS[chosen_launcher(hydra).removeprefix(READY)]
    allowed = _rules(typed) | {("launcher", name): rule for name, rule in settings.items()}
    for keys, value in _differences(hydra, shipped):
        rule = allowed.get(keys) or allowed.get((*keys[:-1], "*")) if _names_no_part_of_hydra(keys) else None
        if rule is None or not rule.holds(value):
            name = "hydra." + ".".join(printable_key(key) for key in keys)
            words = rule.words if rule else "be left as it is"
            raise InvalidValue(f"{name} must {words}, got {short(value)}", where=name, remedy=LEFT_AS_IT_IS)


def _rules(typed: Typed) -> dict[Keys, Rule]:
    """What may differ whichever launcher is chosen; Hydra itself writes all but the first two of them."""
    words = {*typed.words, *MODE_WORDS}
    typed_only = Rule("hold what was typed", lambda value: type(value) is list and _within(value, words))
    return {
        ("mode",): Rule("be RUN or MULTIRUN", lambda value: getattr(value, "name", value) in (None, *MODES)),
        ("searchpath",): Rule("be left as it is", lambda value: value == typed.search_path),
        ("overrides", "hydra"): typed_only,
        ("overrides", "task"): typed_only,
        ("job", "override_dirname"): of_type("be text", str),
        ("runtime", "choices", "*"): Rule("be options", _is_choice),
        ("runtime", "config_sources"): Rule("be a list of folders", _are_sources),
    }


def _within(values: Sequence[Any], words: set[str]) -> bool:
    return all(type(value) is str and value in words for value in values)


def _is_choice(value: Any) -> bool:
    names = value if type(value) is list else [value]
    return all(name is None or type(name) is str for name in names)


def _are_sources(value: Any) -> bool:
    return type(value) is list and all(
        isinstance(source, Mapping)
        and source.keys() == {"path", "schema", "provider"}
        and all(type(text) is str for text in source.values())
        for source in value
    )


def _names_no_part_of_hydra(keys: Keys) -> bool:
    # `runtime.choices` names the options of all groups: those of Hydra's own must be the shipped ones.
    return keys[:2] != ("runtime", "choices") or not str(keys[-1]).startswith("hydra")


def _differences(node: Any, shipped: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Yield the deepest keys at which two nodes differ, with the value of the first."""
    if isinstance(node, Mapping) and (node or isinstance(shipped, Mapping)):
        others = shipped if isinstance(shipped, Mapping) else {}
        for key in {**others, **node}:
            yield from _differences(node.get(key, ABSENT), others.get(key, ABSENT), (*keys, key))
    elif not _same(node, shipped):
        yield keys, node


def _same(node: Any, shipped: Any) -> bool:
    """Compare values and their types: 1, 1.0 and True are three different settings."""
    if isinstance(node, list) and isinstance(shipped, list):
        return len(node) == len(shipped) and all(map(_same, node, shipped))
    if isinstance(node, Mapping) and isinstance(shipped, Mapping):
        return node.keys() == shipped.keys() and all(_same(node[key], shipped[key]) for key in node)
    return type(node) is type(shipped) and node == shipped
