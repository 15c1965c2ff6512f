"""Cluster on several processes or hosts with dask.distributed: the default k-means, chunk by chunk.

It should win on time where the rows are many and there are several cores or hosts, and it works where they
fit into no memory. It should lose to `kmeans` on small data: each of its some 70 rounds takes some
milliseconds of messages. Only sums, counts and candidate rows travel; labels and distances do at the end.

The result depends on the seed and on the size of the chunks, not on the number of workers or on who does
what. A worker that dies costs its chunks: they are computed again from the file. The extra `cluster` brings
dask.distributed.

Reference: Bahmani et al., "Scalable k-means++", VLDB 2012. https://arxiv.org/abs/1203.6402
"""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._chunked_fit import ChunkedFit
from winnow.clusterer._clustering import check_clusterable, warn_of_too_few_distinct_rows
from winnow.geometry import chunked_kmeans as steps
from winnow.network.dask_workers import connected
from winnow.stages import Clusterer
from winnow.types import Clustering

OPTION = "clusterer=dask"
_CHUNKS = 16
_FEWEST_ROWS, _MOST_ROWS = 2**13, 2**20


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
        workers = connected(OPTION, self.scheduler, self.workers)
        with TemporaryDirectory(prefix="winnow-") as folder, workers as client:
            chunks = steps.chunks_on_disk(X, Path(folder), rows)
            fit = ChunkedFit(client, chunks, self.k, self.draws, seed)
            centroids = fit.centroids(self.passes)
            found = fit.gathered(steps.nearest, chunks, fit.given(centroids))
        labels, distances = (np.concatenate(each) for each in zip(*found, strict=True))
        clustering = Clustering(centroids, labels, distances)
        warn_of_too_few_distinct_rows(X, clustering)
        return clustering
