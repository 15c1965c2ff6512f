"""The steps of the fast k-means on one chunk of the rows, and how what they return is put together.

Each function for a chunk returns little: sums, counts, a few rows. What every row needs in the next step, its
label and its cost, stays where the chunk is. So the steps can run in any number of processes, on any hosts;
what they come to depends on the chunks and on the seed only.

With the constants of `fast_kmeans`, of which this is the same method: initial centroids drawn in blocks from
a sample, over-relaxed steps, and a search in regions where there are many clusters.
"""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from winnow.geometry.distance import nearest_centroid
from winnow.geometry.fast_kmeans import (
    FEW,
    FEWEST_TRIED,
    MOST_NEIGHBOURS,
    SAMPLE_PER_SEED,
    SHARE_TRIED,
    SMALLEST_SAMPLE,
    Regions,
    nearest_around,
)
from winnow.geometry.points import Assignment, Points


@dataclass(frozen=True)
class Chunk:
    """Rows `start` to `stop` of a float32 matrix in a file, read where they are needed.

    `offset` is the byte at which the matrix of this `shape` begins.
    """

    path: str
    offset: int
    shape: tuple[int, int]
    start: int
    stop: int

    def rows(self) -> Float32[ndarray, "m d"]:
        """Return the rows as a memory map."""
        whole = np.memmap(self.path, np.float32, "r", self.offset, self.shape)
        return whole[self.start : self.stop]


def chunks_on_disk(X: Float32[ndarray, "n d"], folder: Path, rows: int) -> list[Chunk]:
    """Divide a matrix into chunks of so many rows; one that is in no file is written to `folder` first.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     parts = chunks_on_disk(np.float32([[1, 2], [3, 4], [5, 6]]), Path(folder), rows=2)
    ...     [part.rows().tolist() for part in parts]
    [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]]
    """
    # Of a part of a map, `offset` would not tell where it begins: the base of a whole one is the map.
    if isinstance(X, np.memmap) and isinstance(X.base, mmap.mmap) and X.flags.c_contiguous:
        path, offset = str(X.filename), int(X.offset)
    else:
        path, offset = str(folder / "rows"), 0
        np.ascontiguousarray(X).tofile(path)
    starts = range(0, len(X), rows)
    return [Chunk(path, offset, X.shape, start, min(start + rows, len(X))) for start in starts]


def total(chunk: Chunk) -> Float64[ndarray, " d"]:
    """Return the sum of the rows."""
    return chunk.rows().sum(axis=0, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of a chunk, or a sample of them, relative to the mean of all, as far as they are computed.

    `assignment` is None before there is a centroid.
    """

    points: Points
    assignment: Assignment | None = None

    @classmethod
    def of(cls, X: Float32[ndarray, "m d"], origin: Float32[ndarray, " d"]) -> "Part":
        """Compute the squared norms, piece by piece."""
        points = Points(X, origin, np.empty(len(X), np.float32))
        for piece in points.chunks():
            rows = points[piece]
            np.einsum("nd,nd->n", rows, rows, out=points.squared_norms[piece])
        return cls(points)


def part(chunk: Chunk, origin: Float32[ndarray, " d"]) -> Part:
    """Return all rows of a chunk."""
    return Part.of(chunk.rows(), origin)


def sample(chunk: Chunk, origin: Float32[ndarray, " d"], size: int, seed: Sequence[int]) -> Part:
    """Return `size` rows of a chunk, drawn at random."""
    X = chunk.rows()
    if size >= len(X):
        return Part.of(X, origin)
    rows = np.sort(np.random.default_rng(seed).choice(len(X), size, replace=False))
    return Part.of(X[rows], origin)


def nearer(before: Part, added: Float32[ndarray, "m d"], first: int) -> Part:
    """Return the rows assigned to the nearest of their centroid and the added ones, labelled from `first`."""
    found = before.points.nearest(added)
    known = before.assignment
    return Part(before.points, found if known is None else known.or_nearer(found, first))


@dataclass(frozen=True, eq=False)
class Drawn:
    """Rows drawn at random: the lower the waiting time, the earlier one would have been drawn."""

    rows: Float32[ndarray, "m d"]
    waiting: Float32[ndarray, " m"]

    @classmethod
    def first(cls, parts: Sequence["Drawn"], size: int) -> Float32[ndarray, "size d"]:
        """Return the `size` rows of all chunks that are drawn first."""
        waiting = np.concatenate([each.waiting for each in parts])
        order = np.argsort(waiting, kind="stable")[:size]
        return np.concatenate([each.rows for each in parts])[order]


def draw(part: Part, size: int, seed: Sequence[int]) -> Drawn:
    """Draw rows, each with a probability proportional to its cost; before there is a centroid, any row."""
    # The smallest of exponential variables is the i-th with a probability proportional to its rate.
    waiting = np.random.default_rng(seed).standard_exponential(len(part.points), dtype=np.float32)
    if part.assignment is not None:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            waiting /= part.assignment.costs
    return _lowest(part.points, waiting, size)


def costliest(part: Part, size: int) -> Drawn:
    """Return the rows farthest from their centroids."""
    return _lowest(part.points, -part.assignment.costs, size)


def _lowest(points: Points, waiting: Float32[ndarray, " m"], size: int) -> Drawn:
    size = min(size, len(waiting))
    rows = np.argpartition(waiting, size - 1)[:size]
    return Drawn(points[rows], waiting[rows])


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """Where to look for the nearest of many centroids: the numbers of those `around` each region of space.

    `of_label` is the region of the rows of each cluster.
    """

    of_label: Int64[ndarray, " k"]
    around: Sequence[Int64[ndarray, " m"]]

    @classmethod
    def of_moved(cls, regions: Regions, centroids: Float32[ndarray, "k d"]) -> "Neighbourhoods":
        """Return those of k centroids, for rows that were last assigned to the same centroids."""
        of_label = regions.nearest(centroids)
        return cls(of_label, regions.around(centroids, of_label, min(len(centroids) // 2, MOST_NEIGHBOURS)))

    @classmethod
    def of_drawn(
        cls, regions: Regions, seeds: Float32[ndarray, "k d"], drawn: Float32[ndarray, "m d"]
    ) -> "Neighbourhoods":
        """Return those of drawn rows, for rows that are assigned to the initial centroids found so far."""
        count = max(len(drawn) // SHARE_TRIED, FEWEST_TRIED)
        return cls(regions.nearest(seeds), regions.around(drawn, regions.nearest(drawn), count))

    def nearest(self, part: Part, centroids: Float32[ndarray, "m d"]) -> Assignment:
        """Assign the rows of a part to the nearest of the centroids around them."""
        return nearest_around(part.points, self.of_label[part.assignment.labels], centroids, self.around)


def saved(
    part: Part,
    drawn: Float32[ndarray, "m d"],
    where: Neighbourhoods | None,
    share: float,
    seed: Sequence[int],
) -> Float64[ndarray, " m"]:
    """Return by how much each of the drawn rows, as a centroid, would lower the costs of the rows.

    A row counts for the nearest of the drawn ones, as far as it is known `where` to look; without, a `share`
    of the rows is compared with all of them.
    """
    points, known = part.points, part.assignment
    rows = np.arange(len(points))
    if where is None:
        size = min(int(np.ceil(share * len(points))), len(points))
        rows = np.random.default_rng(seed).choice(len(points), size, replace=False)
        trial = points.nearest(drawn, rows)
    else:
        trial = where.nearest(part, drawn)
    return np.bincount(trial.labels, np.maximum(known.costs[rows] - trial.costs, 0), minlength=len(drawn))


def share_tried(seeds: int, n: int) -> float:
    """Return the share of n rows on which candidates are compared, when there are so many centroids."""
    return min((SAMPLE_PER_SEED * seeds + SMALLEST_SAMPLE) / n, 1.0)


def assigned(before: Part, centroids: Float32[ndarray, "k d"], where: Neighbourhoods | None) -> Part:
    """Assign the rows to the nearest of all centroids, or of those around them."""
    points = before.points
    return Part(points, where.nearest(before, centroids) if where else points.nearest(centroids))


def totals(part: Part, k: int) -> Float64[ndarray, "k terms"]:
    """Return the sum of the rows of every cluster, and their number."""
    return part.points.totals(part.assignment.labels, k)


def nearest(chunk: Chunk, centroids: Float32[ndarray, "k d"]) -> tuple[Int64[ndarray, " m"], ndarray]:
    """Return the label of every row and its distance, exactly."""
    return nearest_centroid(chunk.rows(), centroids)


def has_regions(k: int) -> bool:
    """Whether there are so many centroids that not all are compared with every row."""
    return k > FEW
