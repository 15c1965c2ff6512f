"""Check the words of a command line before Hydra acts on them, which on some it does as it parses them."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from winnow import __version__
from winnow.command._launchers import LAUNCHERS, one_of
from winnow.command._shown import printable_key, short
from winnow.command.launchers import READY
from winnow.command.quoting import quoted
from winnow.errors import InvalidValue

MODES = ("RUN", "MULTIRUN")
MODE_WORDS = tuple(f"hydra.mode={mode}" for mode in MODES)
LEFT_AS_IT_IS = "of hydra only hydra/launcher and the plain settings of hydra.launcher can be chosen"
"""What to do about a key of Hydra's own node that was changed."""

_SETTINGS_OF_LAUNCHERS = {name for settings in LAUNCHERS.values() for name in settings}
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
    elif word not in MODE_WORDS:
        raise InvalidValue(
            f"{printable_key(key)} must be left as it is", where=printable_key(word), remedy=LEFT_AS_IT_IS
        )
