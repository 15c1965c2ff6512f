"""The words a person typed, as Hydra takes them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.errors import InvalidValue
from winnow.registry import GROUPS

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

CHOICES = (*GROUPS, "study", "experiment")


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

    Raises
    ------
    InvalidValue
        If a group is given a list: only one of its options would be used.
    """
    return [word if word.startswith("-") or "=" not in word else _override(word) for word in words]


def _override(word: str) -> str:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        (override,) = OverridesParser.create().parse_overrides([word])
    except HydraException:
        return word  # Hydra says what is wrong with it
    key = override.key_or_group
    if key in CHOICES:
        _refuse_list(override)
    of_stage = key.partition(".")[0] in (*GROUPS, "study") and "." in key
    typed_as_is = override.is_add() or override.is_force_add() or override.is_delete()
    return f"++{word}" if of_stage and not typed_as_is else word


def _refuse_list(override: "Override") -> None:
    if not override.is_sweep_override() and isinstance(value := override.value(), list):
        names = ",".join(map(str, value))
        raise InvalidValue(
            f"{override.key_or_group} must be one option, got [{names}]",
            where=override.input_line,
            remedy=f"one job for each: python train.py -m {override.key_or_group}={names}",
        )
