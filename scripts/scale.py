"""Cluster many rows in every way there is, each in processes of its own, and print time, memory and inertia.

    python scripts/scale.py folder=/tmp/scale [n=60000,1000000] [k=600,10000] [passes=12] [rounds=1]
        [way=memory,map,dask1,dask2,hierarchical]

memory         clusterer=kmeans, all rows in memory
map            clusterer=kmeans, rows in a file that is mapped
dask1, dask2   clusterer=dask with one worker and with two, the same file
hierarchical   clusterer=hierarchical, the same file

The rows are made in `folder`, 64 columns in single precision about 1,000 centres, and deleted in the end. A
fit ends with the exact distance of every row; the time is that of the fit alone, with the start of the
workers. *Wall* is seconds by the clock, *CPU* those of a processor, of all processes together. *Load* is the
mean number of processes that wanted a core in the minute before the end: on a busy machine compare CPU, not
wall. *Own* is the most memory that each process held for itself (RssAnon), the largest first; *mapped* the
most pages of files that one had mapped, which the system takes back. *Inertia* is by row. Two ways take turns
`rounds` times. Runs on Linux.

Beside the CPU seconds stands what a formula expects of them, fitted to one machine: see `expected`. It also
tells what is too large to be measured, without making a row:

    python scripts/scale.py paper n=1000000000 k=600,10000 [passes=12] [way=map,hierarchical]
"""

import json
import os
import sys
from itertools import product
from math import isqrt
from pathlib import Path
from time import perf_counter

import numpy as np
from million import make, watched
from settings import settings

from winnow.geometry.fast_kmeans import FEW, MOST_NEIGHBOURS, SEEDING_ROWS_PER_CLUSTER
from winnow.geometry.two_level_kmeans import PASSES_OF_A_LEVEL

WAYS = ("memory", "map", "dask1", "dask2", "hierarchical")
HEAD = "| rows | k | passes | way | wall s | CPU s | expected | load | inertia | own MB | mapped MB |"
COLUMNS = 64
# Fitted to the two lines of 1,000,000 rows and 10,000 clusters of scripts/results/large.md, and to no other.
OPERATIONS_PER_SECOND, SECONDS_PER_ROW_AND_PASS = 42.9e9, 1.7e-6
FEWEST_MB = 20  # processes that hold less than this only start others


def main() -> int:
    """Make the rows of each size, fit them in every way, print a line for each."""
    if "--help" in sys.argv:
        print(__doc__)
        return 0
    if sys.argv[1:2] == ["fit"]:
        fit(*sys.argv[2:])
        return 0
    if sys.argv[1:2] == ["paper"]:
        del sys.argv[1]
        print_paper(**settings(n="1000000000", k="600,10000", passes="12", way="map,hierarchical"))
        return 0
    given = settings(folder="", n="60000,1000000", k="600,10000", passes="12", rounds="1", way=",".join(WAYS))
    if not given["folder"] or not set(given["way"].split(",")) <= set(WAYS):
        print(f"error: folder must name a folder, way some of {','.join(WAYS)}", file=sys.stderr)
        return 2
    folder = Path(given["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{HEAD}\n| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |", flush=True)
    for n in given["n"].split(","):
        file = folder / f"features_{n}.npy"
        make(file, "features", int(n))
        for k in given["k"].split(","):
            for _ in range(int(given["rounds"])):
                for way in given["way"].split(","):
                    print(line(file, int(n), int(k), int(given["passes"]), way), flush=True)
        file.unlink()
    return 0


def line(file: Path, n: int, k: int, passes: int, way: str) -> str:
    """Fit in processes of their own and return a line of the table."""
    answer = file.with_suffix(".json")
    words = [sys.executable, __file__, "fit", str(file), way, str(k), str(passes), str(answer)]
    _, code, memory = watched(words)
    if code:
        raise SystemExit(
            f"error: {way} with {n:,} rows and {k:,} clusters ended with code {code} | see above"
        )
    found = json.loads(answer.read_text())
    answer.unlink()
    own = " + ".join(f"{each.own:,.0f}" for each in memory if each.own >= FEWEST_MB)
    mapped = max(each.mapped for each in memory)
    return (
        f"| {n:,} | {k:,} | {passes} | {way} | {found['wall']:.1f} | {found['cpu']:.1f} | "
        f"{expected(way, n, k, passes):.1f} | "
        f"{os.getloadavg()[0]:.1f} | {found['inertia']:.4f} | {own} | {mapped:,.0f} |"
    )


def print_paper(n: str, k: str, passes: str, way: str) -> None:
    """Print what each way would take."""
    print("| rows | k | passes | way | distances of a row | operations | core-hours |")
    print("| ---: | ---: | ---: | --- | ---: | ---: | ---: |")
    sizes = product(map(int, n.split(",")), map(int, k.split(",")), way.split(","))
    for rows, clusters, one in sizes:
        each = distances(one, rows, clusters, int(passes)) / rows
        hours = expected(one, rows, clusters, int(passes)) / 3600
        print(
            f"| {rows:,} | {clusters:,} | {passes} | {one} | {each:,.0f} | "
            f"{2 * (COLUMNS + 1) * each * rows:.2g} | {hours:,.1f} |"
        )


def expected(way: str, n: int, k: int, passes: int) -> float:
    """Return the seconds of one core: those of all distances, and of reading and adding up rows.

    A distance is a product of 65 terms, that is 130 operations. In every pass a row is also fetched, sorted
    by region and added to its cluster.
    """
    products = 2 * (COLUMNS + 1) * distances(way, n, k, passes)
    return products / OPERATIONS_PER_SECOND + n * passes * SECONDS_PER_ROW_AND_PASS


def distances(way: str, n: int, k: int, passes: int) -> float:
    """Return how many distances between a row and a centroid are computed, without terms that are small.

    >>> distances("map", 1_000_000, 10_000, 12) / 1_000_000  # initial, in passes, in the end
    34400.0
    """
    sample = min(SEEDING_ROWS_PER_CLUSTER * k, n)
    if way == "hierarchical":
        cells, near = isqrt(k), min(k, MOST_NEIGHBOURS)
        levels = n * cells + sample * (k / cells) * (2 + PASSES_OF_A_LEVEL - 1)
        return levels + (passes + 1) * n * near
    near = k if k <= FEW else min(k // 2, MOST_NEIGHBOURS)
    # Of the sample, each row is compared with the initial centroids and with about as many that were drawn.
    return 2 * sample * k + (n * k if sample < n else 0) + (passes - 1) * n * near + n * k


def fit(file: str, way: str, k: str, passes: str, answer: str) -> None:
    """Fit once, in this process and those that it starts, and write what it took."""
    X = np.load(file, mmap_mode=None if way == "memory" else "r", allow_pickle=False)
    clusterer = clusterer_of(way, int(k), int(passes))
    before, started = processor_seconds(), perf_counter()
    clustering = clusterer.fit(X, seed=0)
    wall = perf_counter() - started
    inertia = float((clustering.distances**2).mean())
    found = {"wall": wall, "cpu": processor_seconds() - before, "inertia": inertia}
    Path(answer).write_text(json.dumps(found))


def clusterer_of(way: str, k: int, passes: int):
    """Return the clusterer of one way."""
    if way.startswith("dask"):
        from winnow.clusterer.dask import Dask

        return Dask(k, passes=passes, workers=int(way.removeprefix("dask")))
    if way == "hierarchical":
        from winnow.clusterer.hierarchical import Hierarchical

        return Hierarchical(k, passes=passes)
    from winnow.clusterer.kmeans import Kmeans

    return Kmeans(k, passes=passes)


def processor_seconds() -> float:
    """Return what this process and those that it started and that have ended took of a processor."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    sys.exit(main())
