"""The words a person typed, as Hydra takes them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.command.launchers import made_ready
from winnow.errors import InvalidValue
from winnow.registry import GROUPS
from winnow.store.credentials import without_credentials

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

CHOICES = (*GROUPS, "study", "experiment")
SEVERAL_JOBS = ("-m", "--multirun")


def answer(words: Sequence[str], conf: Path) -> str | None:
    """Return the help if that is what was asked for, else None."""
    if {"--help", "-h"} & set(words):
        from winnow.command.help import text

        topics = [word for word in words if not word.startswith("-")]
        return text(topics[0] if topics else "", conf)
    return None


def for_hydra(words: Sequence[str]) -> list[str]:
    """Return the words for Hydra: any hyper-parameter may be set, whether a yaml shows it or not.

    So `selector.quota=class` becomes `++selector.quota=class`. Whether the chosen option has a
    hyper-parameter of that name is checked when the job is composed.

    >>> for_hydra(["-m", "selector=nearest,random", "random.quota=equal", "selector.quota=equal"])
    ['-m', 'selector=nearest,random', 'random.quota=equal', '++selector.quota=equal']
    >>> for_hydra(["selector=nearest", "-m", "k=600,1200"])
    ['-m', 'selector=nearest', 'k=600,1200']

    Raises
    ------
    InvalidValue
        If a word cannot be read, or a group is given anything but the name of one option.
    """
    before = ["", *words]
    ready = [
        word if word.startswith("-") or _is_of_option(word, option) else _override(made_ready(word))
        for word, option in zip(words, before, strict=False)
    ]
    # Hydra's parser refuses settings after an option that stands among them.
    return sorted(ready, key=lambda word: word not in SEVERAL_JOBS)


def _is_of_option(word: str, before: str) -> bool:
    return before.startswith("-") and "=" not in word


def _override(word: str) -> str:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        (override,) = OverridesParser.create().parse_overrides([word])
    except HydraException as error:
        raise unreadable(word) from error
    key = override.key_or_group
    if not key:
        raise unreadable(word)
    if key in CHOICES:
        _check_choice(override)
    of_stage = key.partition(".")[0] in (*GROUPS, "study") and "." in key
    typed_as_is = override.is_add() or override.is_force_add() or override.is_delete()
    return f"++{word}" if of_stage and not typed_as_is else word


def unreadable(word: str) -> InvalidValue:
    """Return the refusal of an argument that Hydra's grammar does not allow, with what to type instead."""
    from winnow.command.quoting import as_typed

    name, equals, _ = word.partition("=")
    if not equals or not name:
        return InvalidValue(
            f"every argument must be name=value, got {word}", remedy="--help shows the settings"
        )
    if (line := as_typed(word)) is None:
        return InvalidValue(f"{name} must be a name and its value plain text", where=word)
    if without_credentials(word) != word:
        line = f"""'{name}="..."'"""
    return InvalidValue(
        f"{name} must be written so that Hydra can read it", where=word, remedy=f"type {line}"
    )


def _check_choice(override: "Override") -> None:
    group = override.key_or_group
    if "../" in override.input_line:  # a file outside the folders of configurations
        raise InvalidValue(f"{group} must be the name of an option", where=override.input_line)
    if override.is_delete() or override.is_sweep_override():
        return
    value = override.value()
    if isinstance(value, list):
        names = ",".join(map(str, value))
        raise InvalidValue(
            f"{group} must be one option, got [{names}]",
            where=override.input_line,
            remedy=f"one job for each: python train.py -m {group}={names}",
        )
    if isinstance(value, dict):
        raise InvalidValue(
            f"{group} must be the name of an option, got settings",
            where=override.input_line,
            remedy=f"choose with {group}=<option>, set with {group}.<setting>=<value>",
        )
