"""Time `clusterer=kmeans` and its memory as the rows grow beyond memory.

Every cell runs in a process of its own, on one thread, on 64 columns drawn from a mixture of Gaussians and
written to a temporary file, which is mapped, not read. "beyond the map" is the peak of memory that the
process allocated itself: pages of the file, which the system takes back when it needs them, do not count.
6 million rows need 1.5 GB of disk.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.line import Line, tell

COLUMNS = 64
# (rows, clusters, rounds)
SIZES = {
    "smallest": ((2000, (8,), 1),),
    "short": ((60_000, (600,), 1),),
    "full": (
        (60_000, (600, 1200, 10_000), 3),
        (600_000, (600, 1200, 10_000), 1),
        (6_000_000, (600, 1200, 10_000), 1),
    ),
}
CELL = """
import json, resource, sys
from pathlib import Path
from threading import Event, Thread
from time import process_time

import numpy as np
from winnow.clusterer.kmeans import Kmeans

file, k = sys.argv[1], int(sys.argv[2])
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
started = process_time()
Kmeans(k).fit(X, seed=0)
seconds = process_time() - started
done.set()
watcher.join()
print(json.dumps([seconds, peak[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3]))
"""


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Fit every number of clusters to every number of rows."""
    for n, clusters, rounds in SIZES[mode]:
        with TemporaryDirectory() as folder:
            file = Path(folder, "X.npy")
            write_mixture(file, n)
            for k in clusters:
                tell(f"scale, {n:,} rows, {k:,} clusters")
                runs = []
                for _ in range(rounds):
                    words = [sys.executable, "-c", CELL, str(file), str(k)]
                    cell = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
                    runs.append(json.loads(cell.stdout))
                    tell(f"  {runs[-1][0]:.1f} s")
                seconds, beyond, resident = zip(*runs, strict=True)
                size = n * COLUMNS * 4e-6
                note = f"{max(beyond):.0f} MB beyond the map of {size:.0f}, {max(resident):.0f} resident"
                yield Line(f"fit from disk, n = {n:,}, k = {k:,}", own=seconds, note=note)


def write_mixture(path: Path, n: int) -> None:
    """Write n rows around 3,000 centres, in pieces."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3000, COLUMNS)).astype(np.float32)
    mapped = np.lib.format.open_memmap(path, "w+", np.float32, (n, COLUMNS))
    for start in range(0, n, 100_000):
        piece = mapped[start : start + 100_000]
        rng.standard_normal(piece.shape, np.float32, out=piece)
        piece *= 0.5
        piece += centres[rng.integers(len(centres), size=len(piece))]
    mapped.flush()
