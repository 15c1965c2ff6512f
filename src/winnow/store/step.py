"""A step of a computation: what it is made by and comes after; its key and its value follow from that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

from numpy import ndarray

from winnow.store.cache import Append, Cache, Entry
from winnow.store.keys import content_key, identity, library_versions
from winnow.store.source import own_code_hash

Info = dict[str, Any]
Computed = tuple[dict[str, ndarray], Info]


@dataclass(frozen=True, eq=False)
class Step:
    """A result that is computed when it is needed, and at most once.

    Parameters
    ----------
    cache : where results are kept.
    kind : what the cache files the result under.
    name : what the seconds of this step are called.
    stages : the stages at work; their hyper-parameters and all code that they reach are part of the key.
    compute : returns arrays and notes; takes the results of the steps in `after` by their names. With
        `by_rows`, it is also given `append`, and returns notes alone.
    after : the steps that this one needs.
    parts : plain values that the result depends on besides: checksums, sizes, seeds.
    libraries : distributions whose versions are part of the key.
    cached : whether reading the result from disk is quicker than computing it again.
    by_rows : whether `compute` hands over its arrays chunk by chunk, by `append(name, rows)`, because they
        need not fit into memory.
    goes_on : whether a killed computation may go on: `compute` is then also given the folder `unfinished`, or
        None, where it may keep what it needs for that; the folder is removed once the result is stored.
    """

    cache: Cache
    kind: str
    name: str
    stages: Sequence[Any]
    compute: Callable[..., Computed | Info]
    after: Mapping[str, "Step"] = field(default_factory=dict)
    parts: Mapping[str, Any] = field(default_factory=dict)
    libraries: Sequence[str] = ()
    cached: bool = True
    by_rows: bool = False
    goes_on: bool = False

    @cached_property
    def key(self) -> str:
        """Hash of everything that the result depends on."""
        return content_key(
            kind=self.kind,
            stages=[identity(stage) for stage in self.stages],
            after={name: step.key for name, step in self.after.items()},
            parts=dict(self.parts),
            code=own_code_hash(self.compute),
            libraries=library_versions(*self.libraries),
        )

    @cached_property
    def value(self) -> Entry:
        """The result: from the cache, or computed from the steps before it.

        `info["stages"]` holds the seconds of this step and of those before it, when they were computed.
        """
        if not self.cached:
            return Entry(*self._compute(), found=False)
        if self.by_rows:
            return self.cache.fetch_rows(self.kind, self.key, self._compute_rows)
        entry = self.cache.fetch(self.kind, self.key, self._compute)
        if self.goes_on and not entry.found:
            self.cache.remove_unfinished(self.kind, self.key)
        return entry

    def finish(self) -> None:
        """Compute the result now, for those that will ask for it, if it is not in the cache."""
        _ = self.value

    def found(self) -> Entry | None:
        """Return the result if it was computed before, else None."""
        return self.cache.load(self.kind, self.key)

    def _compute(self) -> Computed:
        folder = {"unfinished": self.cache.unfinished(self.kind, self.key)} if self.goes_on else {}
        (arrays, info), stages = self._timed(**folder)
        return arrays, info | stages

    def _compute_rows(self, append: Append) -> Info:
        info, stages = self._timed(append=append)
        return info | stages

    def _timed(self, **given: Any) -> tuple[Any, Info]:
        before = {name: step.value for name, step in self.after.items()}
        started = perf_counter()
        computed = self.compute(**before, **given)
        seconds = {self.name: perf_counter() - started}
        for entry in before.values():
            seconds = entry.info["stages"] | seconds
        return computed, {"stages": seconds}
