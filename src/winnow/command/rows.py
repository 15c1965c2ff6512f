"""The rows to choose from where nothing is trained; only some selectors need labels."""

from winnow import registry
from winnow.command.interruption import interruption
from winnow.errors import InvalidValue
from winnow.stages import Observer, Selector, Source
from winnow.types import Rows

# The rows that were read last: the jobs of a command mostly choose from the same.
_held: dict[Source, Rows] = {}


def rows_of(source: Source, selector: Selector, dynamics: Observer | None = None) -> Rows:
    """Return all rows of a data set, read once in a command.

    Raises
    ------
    InvalidValue
        Before any row is read, if the selector needs labels and there are none.
    """
    refusal = _refusal(selector) if needs_labels(selector, dynamics) else None
    if source not in _held or (refusal and _held[source].y is None):
        with interruption.interruptible():
            rows = source.rows(refusal)
        _held.clear()
        _held[source] = rows
    return _held[source]


def check_labels(selector: Selector, rows: Rows, dynamics: Observer | None = None) -> None:
    """Refuse a selector that needs labels where the rows have none."""
    if rows.y is None and needs_labels(selector, dynamics):
        raise _refusal(selector)


def needs_labels(selector: Selector, dynamics: Observer | None = None) -> bool:
    """Whether a selector reads labels before it has chosen, be it those of rows that it keeps.

    One that watches a network does not where `dynamics` lets the network learn clusters.

    >>> [needs_labels(registry.default("selector", name)) for name in ("nearest", "aum")]
    [False, True]
    """
    if selector.watches_training and dynamics is not None and dynamics.clusters_as_labels:
        return False
    return selector.reads_all_labels or not selector.needs.isdisjoint({"y", "learner"})


def without_labels() -> list[str]:
    """Return the names of all selectors that need no labels.

    >>> {"nearest", "uniform"} <= set(without_labels()), "stratified" in without_labels()
    (True, False)
    """
    names = [name for name in registry.options("selector") if name != "from_file"]
    return [name for name in names if not needs_labels(registry.default("selector", name))]


def _refusal(selector: Selector) -> InvalidValue:
    name = registry.name_of(selector)
    clusters = "dynamics.labels=clusters scores rows without them; " if selector.watches_training else ""
    return InvalidValue(
        f"the data must have labels for selector={name}, got none",
        where=f"selector={name}",
        remedy=f"{clusters}these need none: {', '.join(without_labels())}",
    )
