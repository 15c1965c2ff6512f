"""Time picking the lowest-scored row of every cluster, against sorting all rows.

    python scripts/benchmark_selection.py [rounds=5] [quick=false]

Labels and scores are random. The two take turns and must pick the same rows.
"""

import os
import platform
from statistics import median
from time import perf_counter

import numpy as np
from numpy import ndarray
from settings import settings

from winnow.quota import lowest_per_cluster


def by_sorting(score: ndarray, labels: ndarray, quotas: ndarray) -> ndarray:
    """Sort the rows of each cluster by score and take the first of each."""
    by_cluster = np.lexsort((score, labels))
    sizes = np.bincount(labels, minlength=len(quotas))
    rank = np.arange(len(labels)) - np.repeat(sizes.cumsum() - sizes, sizes)
    return by_cluster[rank < np.repeat(quotas, sizes)]


def compare(n: int, k: int, rounds: int) -> str:
    """Return the line of the table for one size."""
    rng = np.random.default_rng(0)
    labels, score, quotas = rng.integers(k, size=n), rng.random(n), np.ones(k, np.int64)
    times, picked = {by_sorting: [], lowest_per_cluster: []}, {}
    for _ in range(rounds):
        for pick, seconds in times.items():
            start = perf_counter()
            picked[pick] = np.sort(pick(score, labels, quotas))
            seconds.append(perf_counter() - start)
    if not np.array_equal(picked[by_sorting], picked[lowest_per_cluster]):
        raise SystemExit(f"error: the two ways picked different rows at n = {n}, k = {k}")
    theirs, ours = (median(seconds) * 1e3 for seconds in times.values())
    return f"| {n} | {k} | {theirs:.2f} | {ours:.2f} | {theirs / ours:.0f} |"


def main() -> None:
    """Print the table."""
    asked = settings(rounds="5", quick="false")
    sizes = [(60_000, 600), (60_000, 10_000), (10_000_000, 100_000)]
    print(f"{platform.platform()}, {os.cpu_count()} cores, 1 thread, medians of {asked['rounds']}\n")
    print("| rows | clusters | sorting, ms | winnow, ms | ratio |\n|---|---|---|---|---|")
    for n, k in sizes[:2] if asked["quick"] == "true" else sizes:
        print(compare(n, k, int(asked["rounds"])), flush=True)


if __name__ == "__main__":
    main()
