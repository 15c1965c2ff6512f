"""Time `clusterer=kmeans` and its memory as the rows grow beyond memory.

    python scripts/benchmark_scale.py [n=60000,600000] [k=600] [passes=12] [folder=.] [quick=false]

Every cell runs in a process of its own, on one thread, on 64 columns drawn from a mixture of Gaussians and
written to a temporary file in `folder`, which is mapped, not read. "beyond the map" is the peak of memory
that the process allocated itself: pages of the file, which the system takes back when it needs them, do
not count. 6 million rows need 1.5 GB of disk.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from settings import settings

COLUMNS = 64
CELL = """
import resource, sys
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, process_time

import numpy as np
from winnow.clusterer.kmeans import Kmeans

file, k, passes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
X = np.load(file, mmap_mode="r", allow_pickle=False)
Kmeans(2).fit(X[:1000], seed=0)  # loads what is loaded on first use

def allocated():
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("RssAnon:") + 1]) / 1e3 if "RssAnon:" in words else float("nan")

done, peak, before = Event(), [0.0], allocated()
def watch():
    while not done.wait(0.02):
        peak[0] = max(peak[0], allocated() - before)
watcher = Thread(target=watch)
watcher.start()
clock, processor = perf_counter(), process_time()
distances = Kmeans(k, passes=passes).fit(X, seed=0).distances
clock, processor = perf_counter() - clock, process_time() - processor
done.set()
watcher.join()
resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
print(f"{clock:.1f} | {processor:.1f} | {peak[0]:.0f} | {resident:.0f} | {(distances**2).mean():.3f}")
"""


def write_mixture(path: Path, n: int) -> None:
    """Write n rows around 3,000 centres, in pieces."""
    import numpy as np

    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3000, COLUMNS)).astype(np.float32)
    mapped = np.lib.format.open_memmap(path, "w+", np.float32, (n, COLUMNS))
    for start in range(0, n, 100_000):
        piece = mapped[start : start + 100_000]
        rng.standard_normal(piece.shape, np.float32, out=piece)
        piece *= 0.5
        piece += centres[rng.integers(len(centres), size=len(piece))]
    mapped.flush()


def main() -> None:
    """Print the table, one line for every pair of n and k."""
    asked = settings(n="60000,600000", k="600", passes="12", folder=".", quick="false")
    if asked["quick"] == "true":
        asked.update(n="60000", k="600")
    print(f"{platform.platform()}, {os.cpu_count()} cores, 1 thread, {COLUMNS} columns\n")
    print("| rows | clusters | seconds | processor | beyond the map, MB | resident, MB | squared distance |")
    print("|---|---|---|---|---|---|---|")
    for n in asked["n"].split(","):
        with TemporaryDirectory(dir=asked["folder"]) as folder:
            file = Path(folder, "X.npy")
            write_mixture(file, int(n))
            for k in asked["k"].split(","):
                line = [sys.executable, "-c", CELL, str(file), k, asked["passes"]]
                cell = subprocess.run(line, capture_output=True, text=True, check=True).stdout
                print(f"| {n} | {k} | {cell.strip()} |", flush=True)


if __name__ == "__main__":
    main()
