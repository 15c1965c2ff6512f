"""Write a list of very many kept rows and read it again; print the time and the memory of each step.

    python scripts/long_list.py folder=/tmp/list [rows=10000000] [csv=false]

The rows are those of a made-up array of ten classes and 600 clusters, all of them kept. csv=true reads the
csv as well. Seconds are wall-clock, those of the processor beside them; *peak* is the most memory that the
process has held so far (ru_maxrss). The files are removed in the end.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from settings import split_settings

from winnow.selector.from_file import FromFile
from winnow.store import kept_rows
from winnow.store.row_names import RowNames
from winnow.types import Clustering, Rows

CLUSTERS, CLASSES = 600, tuple("abcdefghij")


def main() -> int:
    """Write, read, print."""
    given, others = split_settings(folder="", rows="10000000", csv="false")
    if "--help" in sys.argv or others or not given["folder"]:
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    folder, n = Path(given["folder"]), int(given["rows"])
    rows, clustering = made(n)
    print("| step | seconds | of the processor | peak MB |\n| --- | ---: | ---: | ---: |", flush=True)
    every = np.arange(n)
    path = timed("write", lambda: kept_rows.write(folder, 0, rows, every, clustering, {}))
    for ending in [".parquet"] + [".csv"] * (given["csv"] == "true"):
        listed = str(path.with_suffix(ending))
        selector = timed(f"read {ending}", lambda listed=listed: FromFile.of(listed))
        timed(f"find the rows of {ending}", lambda selector=selector: selector.fitted(rows))
    for file in folder.glob("kept.*"):
        print(f"{file.name}: {file.stat().st_size / 1e6:.0f} MB")
        file.unlink()
    return 0


def made(n: int) -> tuple[Rows, Clustering]:
    """Return n rows of one value with a class, and clusters of them."""
    rng = np.random.default_rng(0)
    labels = rng.integers(CLUSTERS, size=n)
    origins = RowNames(np.arange(n))
    rows = Rows("made", np.zeros((n, 1), np.float32), labels % len(CLASSES), CLASSES, origins, "row")
    return rows, Clustering(np.zeros((CLUSTERS, 1), np.float32), labels, rng.random(n))


def timed(step: str, work: Callable):
    """Do something, print what it took, and return what it returns."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {step} | {wall:.1f} | {processor:.1f} | {peak:,.0f} |", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
