"""Time every selector on up to a million rows, each in a process of its own: what it takes, what it says.

    python scripts/selectors_at_scale.py folder=/tmp/scale [rows=100000,200000,1000000] [kept=10000] \
        [selector=all] [most=180] [clusters=10000]

Rows of 64 features about 1,000 prototypes (those of `scripts/million.py`), clustered once for each number of
rows; labels and logits are made up. `select` alone, on one thread: processor seconds, the most memory beyond
the rows, and what is said before the most rows are looked at. A selector that takes more than `most` seconds
is ended, and so is not tried on more rows, nor is one that would by its growth: from the last two sizes
tried, seconds are assumed to grow as a power of the rows. Linux only, for the memory is read from /proc.
"""

import multiprocessing
import resource
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.made_up import LEFT_OUT, made_up
from million import make
from numpy.random import default_rng
from settings import settings

FEATURES = 64
INSTEAD: Mapping[str, Mapping[str, Any]] = {
    name: {"exact": False} for name in ("inverse_density", "facility_location", "d2_pruning")
}


@dataclass(frozen=True)
class Seen:
    """What choosing from so many rows took; `seconds` is infinite where it was ended."""

    seconds: float
    megabytes: float


def main() -> None:
    """Make, cluster, time, print."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given = settings(
        folder="", rows="100000,200000,1000000", kept="10000", selector="all", most="180", clusters="10000"
    )
    if not given["folder"]:
        print("error: folder must name a folder to make the data in | folder=/tmp/scale", file=sys.stderr)
        raise SystemExit(2)
    folder, kept, most = Path(given["folder"]), int(given["kept"]), float(given["most"])
    sizes, clusters = [int(n) for n in given["rows"].split(",")], int(given["clusters"])
    folder.mkdir(parents=True, exist_ok=True)
    for n in sizes:
        prepare(folder, n, clusters)
    heads = " | ".join(f"{n:,} rows" for n in sizes)
    print(f"| selector | {heads} | grows with n to the | memory MB | says beforehand |")
    print("| --- |" + " ---: |" * (len(sizes) + 2) + " --- |")
    for name, options in ways(given["selector"]):
        print(line(name, options, folder, sizes, kept, clusters, most), flush=True)


def ways(wanted: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every selector with its defaults and, where there is a quicker setting, with that."""
    from winnow.registry import options

    names = [name for name in options("selector") if name not in LEFT_OUT]
    for name in names if wanted == "all" else wanted.split(","):
        yield name, {}
        if name in INSTEAD:
            yield name, INSTEAD[name]


def prepare(folder: Path, n: int, clusters: int) -> None:
    """Write the rows and their clusters, unless an earlier run did."""
    from winnow.registry import load

    if not (folder / f"distances-{n}.npy").exists():
        make(folder / f"X-{n}.npy", "features", n)
        found = load("clusterer", "kmeans")(k=clusters).fit(stored(folder, "X", n), seed=0)
        for part in ("centroids", "labels", "distances"):
            np.save(folder / f"{part}-{n}.npy", getattr(found, part), allow_pickle=False)


def stored(folder: Path, part: str, n: int) -> np.ndarray:
    """Return what `prepare` wrote."""
    return np.load(folder / f"{part}-{n}.npy", allow_pickle=False)


def line(
    name: str,
    options: Mapping[str, Any],
    folder: Path,
    sizes: Sequence[int],
    kept: int,
    clusters: int,
    most: float,
) -> str:
    """Time one selector on all sizes that it can be expected to finish; return its line of the table."""
    seen: dict[int, Seen] = {}
    for n in sizes:
        if estimate(seen, n) <= most:
            seen[n] = watched(name, options, folder, n, kept, most)
    power = growth(seen)
    cells = [cell(seen.get(n), estimate(seen, n), most) for n in sizes]
    title = " ".join([name, *(f"{key}={str(value).lower()}" for key, value in options.items())])
    said = said_beforehand(name, options, sizes[-1], kept, clusters)
    memory = max((each.megabytes for each in seen.values()), default=0.0)
    grows = "" if power is None else f"{power:.1f}"
    return f"| {title} | {' | '.join(cells)} | {grows} | {memory:,.0f} | {said} |"


def growth(seen: Mapping[int, Seen]) -> float | None:
    """Return the power of n with which seconds grew between the two largest sizes that finished.

    >>> growth({100: Seen(1.0, 0), 200: Seen(4.0, 0)})
    2.0
    """
    ended = sorted(n for n, each in seen.items() if each.seconds < np.inf)
    if len(ended) < 2 or seen[ended[-2]].seconds < 0.05:  # of less, the clock says nothing
        return None
    (less, more) = ended[-2:]
    return log(seen[more].seconds / seen[less].seconds) / log(more / less)


def estimate(seen: Mapping[int, Seen], n: int) -> float:
    """Return the seconds to be expected of n rows by the growth so far; 0 where nothing is known of it.

    >>> estimate({100: Seen(1.0, 0), 200: Seen(4.0, 0)}, 1000)
    100.0
    """
    if any(each.seconds == np.inf for each in seen.values()):
        return np.inf
    power = growth(seen)
    if power is None:
        return 0.0
    last = max(seen)
    return seen[last].seconds * (n / last) ** power


def cell(seen: Seen | None, expected: float, most: float) -> str:
    """Show what was seen; else, in brackets, what is to be expected."""
    if seen is not None:
        return f"{seen.seconds:.1f} s" if seen.seconds < np.inf else f"over {most:.0f} s"
    return f"(about {expected:,.0f} s)" if expected < np.inf else ""


def watched(name: str, options: Mapping[str, Any], folder: Path, n: int, kept: int, most: float) -> Seen:
    """Choose in a new process, which the system ends after `most` seconds of work."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=choose, args=(theirs, name, options, folder, n, kept, most))
    process.start()
    theirs.close()
    try:
        seconds, megabytes = mine.recv()
    except EOFError:
        seconds, megabytes = np.inf, 0.0
    process.join()
    return Seen(seconds, megabytes)


def choose(
    pipe: Any, name: str, options: Mapping[str, Any], folder: Path, n: int, kept: int, most: float
) -> None:
    """Choose, and send the seconds and the megabytes."""
    from threadpoolctl import threadpool_limits

    from winnow.registry import load

    selector = load("selector", name)(**options)
    pool = pool_of(folder, n, selector.needs)
    before = memory("VmRSS")
    started = time.process_time()
    spent = int(started) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + int(most), spent + int(most) + 5))
    with threadpool_limits(1):
        selector.select(pool, budget=kept, rng=default_rng(0))
    pipe.send((time.process_time() - started, memory("VmHWM") - before))


def said_beforehand(name: str, options: Mapping[str, Any], n: int, kept: int, clusters: int) -> str:
    """Return what the selector warns of before so many rows are looked at."""
    from winnow.pool import Scale
    from winnow.registry import load

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load("selector", name)(**options).warn_of_cost(Scale(n, FEATURES, kept, clusters))
    return "; ".join(str(each.message) for each in caught)


def pool_of(folder: Path, n: int, needs: frozenset[str]) -> Any:
    """Return the rows with what the selector needs of them."""
    from winnow.pool import Pool
    from winnow.types import Clustering

    parts = made_up(n, needs)
    if "X" in needs:
        parts["X"] = stored(folder, "X", n)
    if "clustering" in needs:
        names = ("centroids", "labels", "distances")
        parts["clustering"] = Clustering(**{part: stored(folder, part, n) for part in names})
    return Pool(n, **parts)


def memory(line: str) -> float:
    """Return megabytes that /proc gives for this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{line}:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
