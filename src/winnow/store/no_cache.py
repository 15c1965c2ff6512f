"""A cache that keeps nothing: for a choice that is made once, from Python."""

from collections.abc import Callable

from winnow.store._entry import Computed, ComputeRows, computed_unstored
from winnow.store.cache import Cache, Entry


class NoCache(Cache):
    """Compute whatever is asked for, and forget it.

    >>> from pathlib import Path
    >>> cache = NoCache(Path())
    >>> cache.fetch("square", "ab12", lambda: ({}, {"y": 4})).info, cache.load("square", "ab12")
    ({'y': 4}, None)
    """

    def load(self, kind: str, key: str) -> Entry | None:
        return None

    def fetch(self, kind: str, key: str, compute: Callable[[], Computed]) -> Entry:
        return Entry(*compute(), found=False)

    def fetch_rows(self, kind: str, key: str, compute: ComputeRows) -> Entry:
        return computed_unstored(compute)
