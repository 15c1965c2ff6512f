"""Ask only once what takes long to answer, where each answer may be changed by whoever gets it."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Remembering:
    """Composes each list of overrides once, and gives out copies.

    Sent to another process it takes nothing along: a launcher sends it with every job, and each composes
    its own.

    >>> composed = Remembering(lambda master_config, sweep_overrides: [*sweep_overrides])
    >>> composed(None, ["k=1"]).append("changed")
    >>> composed(None, ["k=1"])
    ['k=1']
    """

    compose: Callable[[Any, list[str]], Any]
    _known: dict[tuple[str, ...], Any] = field(default_factory=dict, init=False)

    # Hydra gives the arguments by these names.
    def __call__(self, master_config: Any, sweep_overrides: list[str]) -> Any:
        overrides = tuple(sweep_overrides)
        if overrides not in self._known:
            self._known[overrides] = self.compose(master_config, sweep_overrides)
        return deepcopy(self._known[overrides])

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_known": {}}
