"""Cluster on several processes or hosts with dask.distributed: the default k-means, chunk by chunk.

It should win on time where the rows are many and there are several cores or hosts, and it works where they
fit into no memory. It should lose to `kmeans` on small data: each of its some 70 rounds takes some
milliseconds of messages. Only sums, counts and candidate rows travel; labels and distances do at the end.

The result depends on the seed and on the size of the chunks, not on the number of workers or on who does
what. A worker that dies costs its chunks: they are computed again from the file. The extra `cluster` brings
dask.distributed.

Reference: Bahmani et al., "Scalable k-means++", VLDB 2012. https://arxiv.org/abs/1203.6402
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._clustering import check_clusterable, warn_of_too_few_distinct_rows
from winnow.errors import InvalidValue
from winnow.geometry import chunked_kmeans as steps
from winnow.geometry.fast_kmeans import (
    OVERRELAXATION,
    PLAIN_FIRST,
    PLAIN_LAST,
    SEEDING_ROWS_PER_CLUSTER,
    Regions,
    means_of,
)
from winnow.network.allocation import available_cores
from winnow.network.processes import signals_kept_from_children
from winnow.stages import Clusterer
from winnow.types import Clustering

_CHUNKS = 16
_SECONDS_TO_ANSWER = 10
_FEWEST_ROWS, _MOST_ROWS = 2**13, 2**20
_SETTINGS = {"distributed.admin.large-graph-warning-threshold": "1GB"}  # centroids are sent on purpose


@dataclass(frozen=True)
class Dask(Clusterer):
    """k-means by tasks on dask.distributed.

    Parameters
    ----------
    k
        Number of clusters.
    passes
        Passes over all rows, each of which moves the centroids.
    draws
        Candidate rows drawn for each initial centroid, of which the best are kept.
    rows_at_once
        Rows in one chunk. Null: a sixteenth of them, at least 8,192 and at most 1,048,576.
    scheduler
        Address of a running scheduler, such as `tcp://node1:8786`, whose workers can read the cache in
        `state_dir`. Null: workers of this machine.
    workers
        Workers that are started where no scheduler is given. Null: one for each core.

    Raises
    ------
    InvalidValue
        If dask.distributed is not installed, or the scheduler does not answer within ten seconds.
    """

    k: Annotated[int, Field(ge=1)]
    passes: Annotated[int, Field(ge=1)] = 12
    draws: Annotated[int, Field(ge=1)] = 4
    rows_at_once: Annotated[int, Field(ge=1)] | None = None
    # Where the work is done changes no result: neither is part of the key.
    scheduler: str | None = field(default=None, repr=False)
    workers: Annotated[int, Field(ge=1)] | None = field(default=None, repr=False)

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        check_clusterable(X, self.k)
        rows = self.rows_at_once or min(max(-(-len(X) // _CHUNKS), _FEWEST_ROWS), _MOST_ROWS)
        with TemporaryDirectory(prefix="winnow-") as folder, self._client() as client:
            chunks = steps.chunks_of(X, Path(folder), rows)
            fit = _Fit(client, chunks, self.k, self.draws, seed)
            centroids = fit.centroids(self.passes)
            found = fit.gathered(steps.nearest, chunks, fit.given(centroids))
        labels, distances = (np.concatenate(each) for each in zip(*found, strict=True))
        clustering = Clustering(centroids, labels, distances)
        warn_of_too_few_distinct_rows(X, clustering)
        return clustering

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            import dask
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise InvalidValue(
                f"clusterer=dask must find dask.distributed, got {error}",
                where="clusterer=dask",
                remedy="pip install 'winnow[cluster]'",
            ) from error
        with dask.config.set(_SETTINGS), ExitStack() as open_:
            address = self.scheduler
            if address is None:
                with signals_kept_from_children():
                    address = open_.enter_context(
                        LocalCluster(
                            self.workers or available_cores(),
                            threads_per_worker=1,
                            dashboard_address=None,
                            memory_limit=0,
                        )
                    )
            try:
                yield open_.enter_context(Client(address, timeout=_SECONDS_TO_ANSWER, set_as_default=False))
            except OSError as error:
                if self.scheduler is None:
                    raise
                raise InvalidValue(
                    f"clusterer.scheduler must answer, got {error}",
                    where=f"clusterer.scheduler={self.scheduler}",
                    remedy="start one with `dask scheduler`, and workers with `dask worker`",
                ) from error


@dataclass(eq=False)
class _Fit:
    """One fit: the futures of what the workers keep, and what this process puts together."""

    client: Any
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
            where = regions and (regions, regions.nearest(centroids))
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
            regions = self._regions(seeds)
            where = regions, regions.nearest(seeds), regions.nearest(drawn)
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
        return self.client.submit(_same, value, pure=False)

    def submitted(self, step: Callable, *arguments: Any) -> list[Any]:
        """Start a step on every chunk; of its arguments, lists hold one value for each."""
        count = len(self.chunks)
        each = [value if isinstance(value, list | tuple) else [value] * count for value in arguments]
        return self.client.map(step, *each, pure=False)

    def gathered(self, step: Callable, *arguments: Any) -> list[Any]:
        """Return what a step comes to on every chunk, in their order."""
        return self.client.gather(self.submitted(step, *arguments))

    def _streams(self) -> list[list[int]]:
        """Return a seed for each chunk that no other step uses."""
        self._round += 1
        return [[self.seed, self._round, number] for number in range(len(self.chunks))]


def _same(value: Any) -> Any:
    return value


def _shares(sizes: Sequence[int], total: int) -> list[int]:
    """Divide `total` in proportion to the sizes.

    >>> _shares([4, 4, 2], 5)
    [2, 2, 1]
    """
    ends = np.cumsum(sizes) * total // sum(sizes)
    return np.diff(ends, prepend=0).tolist()
