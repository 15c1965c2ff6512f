"""Time picking the lowest-scored row of every cluster, against sorting all rows.

Labels and scores are random. The two take turns and must pick the same rows.
"""

from collections.abc import Iterator

import numpy as np
from numpy import ndarray

from benchmarks.line import Line, alternate, tell
from winnow.selector._quota import lowest_per_cluster

SIZES = {
    "smallest": ((1000, 10, 2),),
    "short": ((60_000, 600, 5), (60_000, 10_000, 5)),
    "full": ((60_000, 600, 7), (60_000, 10_000, 7), (10_000_000, 100_000, 5)),
}
TARGET = 10


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Compare for every number of rows and clusters of the mode."""
    for n, k, rounds in SIZES[mode]:
        tell(f"selection, {n:,} rows, {k:,} clusters")
        yield compared(n, k, rounds)


def compared(n: int, k: int, rounds: int) -> Line:
    """Time both ways, which must pick the same rows."""
    rng = np.random.default_rng(0)
    labels, score, quotas = rng.integers(k, size=n), rng.random(n), np.ones(k, np.int64)
    picked: dict[str, ndarray] = {}

    def pick(name: str, way) -> None:
        picked[name] = way(score, labels, quotas)

    ways = {"sorting": by_sorting, "winnow": lowest_per_cluster}
    seconds = alternate(
        {name: lambda _, name=name, way=way: pick(name, way) for name, way in ways.items()}, rounds
    )
    if not np.array_equal(*map(np.sort, picked.values())):
        raise SystemExit(f"error: the two ways picked different rows at n = {n}, k = {k}")
    other, own = ([1000 * each for each in times] for times in seconds.values())
    return Line(f"one row per cluster, n = {n:,}, k = {k:,}", "sorting", other, own, unit="ms", target=TARGET)


def by_sorting(score: ndarray, labels: ndarray, quotas: ndarray) -> ndarray:
    """Sort the rows of each cluster by score and take the first of each."""
    by_cluster = np.lexsort((score, labels))
    sizes = np.bincount(labels, minlength=len(quotas))
    rank = np.arange(len(labels)) - np.repeat(sizes.cumsum() - sizes, sizes)
    return by_cluster[rank < np.repeat(quotas, sizes)]
