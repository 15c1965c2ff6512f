"""The default k-means over chunks of the rows: what an engine does to all chunks, and what is made of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from winnow.geometry import chunked_kmeans as steps
from winnow.geometry.fast_kmeans import (
    OVERRELAXATION,
    PLAIN_FIRST,
    PLAIN_LAST,
    SEEDING_ROWS_PER_CLUSTER,
    Regions,
)
from winnow.geometry.points import means_of
from winnow.network.dask_workers import given


@runtime_checkable
class Engine(Protocol):
    """Whoever does the work: a client of dask.distributed, for one. What it returns stands for a result."""

    def submit(self, function: Callable, *arguments: Any, pure: bool) -> Any:
        """Start one call."""
        ...

    def map(self, function: Callable, *arguments: Sequence[Any], pure: bool) -> list[Any]:
        """Start a call for each of the arguments."""
        ...

    def gather(self, results: Sequence[Any]) -> list[Any]:
        """Wait for results and return them."""
        ...


@dataclass(eq=False)
class ChunkedFit:
    """One fit: the futures of what the engine keeps, and what this process puts together."""

    engine: Engine
    chunks: Sequence[steps.Chunk]
    k: int
    draws: int
    seed: int
    _round: int = 0

    def centroids(self, passes: int) -> Float32[ndarray, "k d"]:
        """Return the centroids after so many passes."""
        centroids = self._seeds()
        regions = self._regions(centroids) if steps.has_regions(self.k) else None
        parts = self.submitted(steps.part, self.chunks, self.origin)
        for done in range(passes):
            where = steps.Neighbourhoods.of_moved(regions, centroids) if regions and done else None
            parts = self.submitted(steps.assigned, parts, self.given(centroids), self.given(where))
            overrelaxed = PLAIN_FIRST <= done < passes - PLAIN_LAST
            centroids = self._moved(parts, centroids, OVERRELAXATION if overrelaxed else 1.0)
        return centroids + self._mean

    def _seeds(self) -> Float32[ndarray, "k d"]:
        """Draw k rows of a sample as initial centroids, in blocks."""
        size = min(SEEDING_ROWS_PER_CLUSTER * self.k, self.n)
        sizes = _shares([chunk.stop - chunk.start for chunk in self.chunks], size)
        parts = self.submitted(steps.sample, self.chunks, self.origin, sizes, self._streams())
        seeds = self._drawn(parts, 1)
        parts = self.submitted(steps.nearer, parts, self.given(seeds), 0)
        while (m := len(seeds)) < self.k:
            # Rows of one block are drawn independently and may lie close together: blocks must be small.
            block = min(max(m // 2 if m < self.k // 2 else self.k // 10, 1), self.k - m)
            drawn = self._drawn(parts, min(block * self.draws, size))
            kept = self._most_useful(parts, seeds, drawn, block, size)
            parts = self.submitted(steps.nearer, parts, self.given(kept), m)
            seeds = np.concatenate([seeds, kept])
        return seeds

    def _drawn(self, parts: Sequence[Any], size: int) -> Float32[ndarray, "size d"]:
        return steps.Drawn.first(self.gathered(steps.draw, parts, size, self._streams()), size)

    def _most_useful(
        self, parts: Sequence[Any], seeds: ndarray, drawn: ndarray, count: int, n: int
    ) -> Float32[ndarray, "count d"]:
        """Return those of the drawn rows that, as centroids, would lower the costs most."""
        if len(drawn) == count:
            return drawn
        where = None
        if steps.has_regions(len(seeds)):
            where = steps.Neighbourhoods.of_drawn(self._regions(seeds), seeds, drawn)
        given = self.given(drawn), self.given(where), steps.share_tried(len(seeds), n)
        saved = sum(self.gathered(steps.saved, parts, *given, self._streams()))
        return drawn[np.argsort(-saved, kind="stable")[:count]]

    def _moved(self, parts: Sequence[Any], centroids: ndarray, step: float) -> Float32[ndarray, "k d"]:
        """Move the centroids towards or beyond the means of their rows, an empty one to a costly row."""
        totals = sum(self.gathered(steps.totals, parts, self.k))
        shifted = centroids + np.float32(step) * (means_of(totals) - centroids)
        empty = np.flatnonzero(totals[:, -1] == 0)
        if len(empty):
            shifted[empty] = steps.Drawn.first(self.gathered(steps.costliest, parts, len(empty)), len(empty))
        return shifted

    def _regions(self, centroids: ndarray) -> Regions:
        self._round += 1
        return Regions.of(centroids, np.random.default_rng([self.seed, self._round]))

    @property
    def n(self) -> int:
        """Number of all rows."""
        return self.chunks[-1].stop

    @cached_property
    def _mean(self) -> Float32[ndarray, " d"]:
        return (sum(self.gathered(steps.total, self.chunks)) / self.n).astype(np.float32)

    @cached_property
    def origin(self) -> Any:
        """The mean of all rows, where the workers have it."""
        return self.given(self._mean)

    def given(self, value: Any) -> Any:
        """Send a value to the workers, once for all tasks, in a way that outlives any of them."""
        return given(self.engine, value)

    def submitted(self, step: Callable, *arguments: Any) -> list[Any]:
        """Start a step on every chunk; of its arguments, lists hold one value for each."""
        count = len(self.chunks)
        each = [value if isinstance(value, list) else [value] * count for value in arguments]
        return self.engine.map(step, *each, pure=False)

    def gathered(self, step: Callable, *arguments: Any) -> list[Any]:
        """Return what a step comes to on every chunk, in their order."""
        return self.engine.gather(self.submitted(step, *arguments))

    def _streams(self) -> list[list[int]]:
        """Return a seed for each chunk that no other step uses."""
        self._round += 1
        return [[self.seed, self._round, number] for number in range(len(self.chunks))]


def _shares(sizes: Sequence[int], total: int) -> list[int]:
    """Divide `total` in proportion to the sizes.

    >>> _shares([4, 4, 2], 5)
    [2, 2, 1]
    """
    ends = np.cumsum(sizes) * total // sum(sizes)
    return np.diff(ends, prepend=0).tolist()
