"""Ask only once what takes long to answer, where each answer may be changed by whoever gets it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any


def remembering(compose: Callable[[Any, list[str]], Any]) -> Callable[[Any, list[str]], Any]:
    """Return a function that composes each list of overrides once, and gives out copies.

    >>> composed = remembering(lambda master_config, sweep_overrides: [*sweep_overrides])
    >>> composed(None, ["k=1"]).append("changed")
    >>> composed(None, ["k=1"])
    ['k=1']
    """
    known: dict[tuple[str, ...], Any] = {}

    # Hydra gives the arguments by these names.
    def remembered(master_config: Any, sweep_overrides: list[str]) -> Any:
        overrides = tuple(sweep_overrides)
        if overrides not in known:
            known[overrides] = compose(master_config, sweep_overrides)
        return deepcopy(known[overrides])

    return remembered
