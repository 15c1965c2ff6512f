"""Check what a command line and a configuration say to Hydra against what is allowed, before it acts.

Hydra acts on what it is given at several points, none of which asks first:

- `--experimental-rerun` unpickles a file as soon as the arguments are parsed;
- a search path `pkg://name` imports that module while the configuration is composed;
- `hydra.hydra_logging` is built right after that: formatters, filters and handlers of any class;
- callbacks, sweeper and launcher are built next, each from its `_target_`;
- every job makes its folders and files (`run.dir`, `sweep.dir`, `output_subdir`), changes the environment
  (`job.env_set`) and builds `job_logging`; words below `overrides` are added to those of every job.

So before `hydra.main` is entered, `check_words` looks at what was typed. Then the configuration is composed
by `hydra.compose`, which builds nothing, and `check_composed` compares its whole `hydra` node with the one
that winnow ships: what differs must be on the list below. A sweep composes each of its jobs once more, and
checks each. `_resolvers` keeps environment variables and the like out of winnow's own settings.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from winnow import __version__
from winnow.command._launchers import LAUNCHERS, Rule, of_type, one_of
from winnow.command._shown import ABSENT, printable_key, short
from winnow.command.launchers import GROUP, READY
from winnow.command.quoting import quoted
from winnow.errors import InvalidValue

Keys = tuple[Any, ...]

_SETTINGS_OF_LAUNCHERS = {name for settings in LAUNCHERS.values() for name in settings}
_MODES = ("RUN", "MULTIRUN")
_MODE_WORDS = tuple(f"hydra.mode={mode}" for mode in _MODES)
_REMEDY = "of hydra only hydra/launcher and the plain settings of hydra.launcher can be chosen"

_REFUSED_OPTIONS = {
    "--experimental-rerun": "type the line of that run again: what is finished is not computed twice",
    **dict.fromkeys(("--config-path", "-cp"), "a folder of experiments is given with --config-dir"),
    **dict.fromkeys(("--config-name", "-cn"), "an experiment of your own is chosen with experiment=<name>"),
    **dict.fromkeys(("--shell-completion", "-sc"), "--help lists all options"),
}


@dataclass(frozen=True)
class Typed:
    """What was typed: the overrides, the folder of --config-dir, and whether -m was among the words.

    `shows` says that Hydra is to print something, such as the configuration, instead of running a job.
    """

    overrides: tuple[str, ...]
    config_dir: str | None = None
    multirun: bool = False
    shows: bool = field(default=False, repr=False)

    @property
    def search_path(self) -> list[str]:
        """The folder of --config-dir as Hydra's search path."""
        return [] if self.config_dir is None else [f"file://{Path(self.config_dir).absolute()}"]

    @property
    def words(self) -> list[str]:
        """The overrides for `hydra.compose`, which has no argument for a second folder."""
        return [*self.overrides, *(f"hydra.searchpath=[{quoted(path)}]" for path in self.search_path)]


def check_words(arguments: Sequence[str]) -> Typed:
    """Return what was typed after the program's name, if all of it is allowed.

    Options are known by their full names only; one that a later Hydra may add is a usage error.

    Raises
    ------
    InvalidValue
        At the first option or override that is not allowed.
    SystemExit
        At a usage error, and after `--version`.

    Examples
    --------
    >>> check_words(["-m", "k=20,30", "hydra/launcher=joblib"])
    Typed(overrides=('k=20,30', 'hydra/launcher=joblib'), config_dir=None, multirun=True)
    >>> check_words(["hydra.run.dir=/tmp"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    winnow.errors.InvalidValue: hydra.run.dir must be left as it is | hydra.run.dir=/tmp | of hydra only ...
    """
    parser = _parser()
    typed = parser.parse_args(arguments)
    if typed.resolve and typed.cfg is None:
        parser.error("--resolve needs --cfg")
    if sum((typed.run, typed.multirun, typed.cfg is not None, typed.info is not None)) > 1:
        parser.error("only one of --run, --multirun, --cfg and --info can be given")
    for option, remedy in _REFUSED_OPTIONS.items():
        if getattr(typed, option) is not None:
            raise InvalidValue(f"{option} must not be used", where=option, remedy=remedy)
    for word in typed.overrides:
        _check_override(word)
    shows = typed.cfg is not None or typed.info is not None or typed.hydra_help
    return Typed(tuple(typed.overrides), typed.config_dir, typed.multirun, shows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--version", action="version", version=f"winnow {__version__}")
    for names in (("--help", "-h"), ("--run", "-r"), ("--multirun", "-m"), ("--resolve",), ("--hydra-help",)):
        parser.add_argument(*names, action="store_true")
    parser.add_argument("--config-dir", "-cd")
    parser.add_argument("--cfg", "-c", choices=("job", "hydra", "all"))
    parser.add_argument("--package", "-p")
    parser.add_argument("--info", "-i", nargs="?")
    for name in _REFUSED_OPTIONS:
        parser.add_argument(name, dest=name, nargs="?", const="", help=argparse.SUPPRESS)
    return parser


def _check_override(word: str) -> None:
    """Refuse a word that reaches into Hydra's own node, unless what it reaches is on the list."""
    key, _, value = word.partition("=")
    key = key.strip().lstrip("+~").strip()
    # The parts of a group, of a path, and of the package after an @.
    if "hydra" not in (part.strip() for part in re.split(r"[./@:\[\]]", key)):
        return
    _, _, setting = key.partition("hydra.launcher.")
    if key == f"hydra.launcher.{setting}" and setting in _SETTINGS_OF_LAUNCHERS:
        return
    if key == "hydra/launcher":
        if value.removeprefix(READY) not in LAUNCHERS:
            raise InvalidValue(
                f"hydra/launcher must {one_of(*LAUNCHERS).words}, got {short(value)}", where=word
            )
    elif word not in _MODE_WORDS:
        raise InvalidValue(
            f"{printable_key(key)} must be left as it is", where=printable_key(word), remedy=_REMEDY
        )


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
            raise InvalidValue(f"{name} must {words}, got {short(value)}", where=name, remedy=_REMEDY)


def _rules(typed: Typed) -> dict[Keys, Rule]:
    """What may differ whichever launcher is chosen; Hydra itself writes all but the first two of them."""
    words = {*typed.words, *_MODE_WORDS}
    typed_only = Rule("hold what was typed", lambda value: type(value) is list and _within(value, words))
    return {
        ("mode",): Rule("be RUN or MULTIRUN", lambda value: getattr(value, "name", value) in (None, *_MODES)),
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
