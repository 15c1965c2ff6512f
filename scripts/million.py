"""Choose from a million images and from ten million rows of features; print time and memory of each process.

    python scripts/million.py folder=/tmp/million [case=images,features] [images=1000000] [features=10000000]
        [k=600] [keep=false] [any setting of train.py]

Two data sets are made in `folder`, below 7 GB: images of 64 x 64 grey pixels, one byte each, and rows of 64
features in single precision. Each is a sum of a prototype, drawn from 1,000, and noise. Then
`train.py select_only=true` chooses k rows of k clusters from each, without labels, nothing cached: images are
embedded by 64 principal components, features are taken as they are.

Every half second the memory of the command and of all processes that it started is read from /proc (so this
runs on Linux). *Own* is what only the process itself holds (RssAnon). *Mapped* are pages of files (RssFile):
of libraries, and of the data set and the cache, which the system takes back when memory runs short. *Peak* is
the most of both together (VmHWM). The data and the cache are deleted in the end, unless keep=true.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from settings import split_settings

ROOT = Path(__file__).parents[1]
PROTOTYPES, NOISES, SIDE, WIDTH = 1000, 2000, 64, 64
ROWS_AT_ONCE = 10_000
SECONDS_BETWEEN_LOOKS = 0.5
EMBEDDING = {"images": "pca", "features": "identity"}
MEGABYTE = 1024  # kibibytes, in which /proc counts


def main() -> int:
    """Make, choose, print; return the exit status of the first choice that failed."""
    if "--help" in sys.argv:
        print(__doc__)
        return 0
    given, others = split_settings(
        folder="", case="images,features", images="1000000", features="10000000", k="600", keep="false"
    )
    if not given["folder"]:
        print("error: folder must name a folder to make the data in | folder=/tmp/million", file=sys.stderr)
        return 2
    folder = Path(given["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    status = 0
    for case in given["case"].split(","):
        path = folder / f"{case}.npy"
        make(path, case, int(given[case]))
        words = ["select_only=true", "dataset=arrays", f"dataset.file={path}", f"embedding={EMBEDDING[case]}"]
        words += [f"k={given['k']}", f"state_dir={folder / 'state'}", *others]
        seconds, code, memory = watched([sys.executable, str(ROOT / "train.py"), *words])
        print(table(case, int(given[case]), seconds, memory), flush=True)
        status = status or code
        if given["keep"] == "false":
            path.unlink()
            shutil.rmtree(folder / "state", ignore_errors=True)
    return status


def make(path: Path, case: str, n: int) -> None:
    """Write `n` rows to the .npy file `path`, some thousand at a time; equal n, equal rows."""
    rng = np.random.default_rng(0)
    shape, dtype = ((SIDE, SIDE), np.uint8) if case == "images" else ((WIDTH,), np.float32)
    draw = images if case == "images" else features
    with path.open("wb") as stream:
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": (n, *shape)}
        np.lib.format.write_array_header_1_0(stream, header)
        for rows in draw(n, rng):
            stream.write(rows.tobytes())


def images(n: int, rng: Generator) -> Iterator[np.ndarray]:
    """Yield images (count, side, side): coarse patterns of 8 x 8 cells, brighter or darker, with noise."""
    coarse = rng.normal(128, 40, (PROTOTYPES, 8, 8))
    patterns = np.kron(coarse, np.ones((1, SIDE // 8, SIDE // 8))).astype(np.int16)
    # Noise of an image each, drawn once: to draw it anew would take longer than all that is measured.
    noises = rng.normal(0, 20, (NOISES, SIDE, SIDE)).astype(np.int16)
    for start in range(0, n, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, n - start)
        rows = patterns[rng.integers(PROTOTYPES, size=count)]
        rows += noises[rng.integers(NOISES, size=count)]
        rows += rng.normal(0, 15, (count, 1, 1)).astype(np.int16)
        yield rows.clip(0, 255).astype(np.uint8)


def features(n: int, rng: Generator) -> Iterator[np.ndarray]:
    """Yield rows (count, width) about the prototypes."""
    prototypes = rng.standard_normal((PROTOTYPES, WIDTH), np.float32)
    for start in range(0, n, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, n - start)
        noise = rng.standard_normal((count, WIDTH), np.float32) * np.float32(0.5)
        yield prototypes[rng.integers(PROTOTYPES, size=count)] + noise


@dataclass
class Memory:
    """The most memory that one process was seen to hold, in MB."""

    name: str
    own: float = 0.0
    mapped: float = 0.0
    peak: float = 0.0

    def look(self, status: dict[str, str]) -> None:
        """Take the larger of what was seen and what /proc says now."""
        for part, line in (("own", "RssAnon"), ("mapped", "RssFile"), ("peak", "VmHWM")):
            setattr(self, part, max(getattr(self, part), int(status[line].split()[0]) / MEGABYTE))


def watched(command: list[str]) -> tuple[float, int, list[Memory]]:
    """Run a command; return its seconds, its exit status, and the memory of its processes, largest first."""
    seen: dict[int, Memory] = {}
    started = time.perf_counter()
    process = subprocess.Popen(command, start_new_session=True)
    while process.poll() is None:
        for pid, status in of_session(process.pid):
            seen.setdefault(pid, Memory(status["Name"])).look(status)
        time.sleep(SECONDS_BETWEEN_LOOKS)
    seconds = time.perf_counter() - started
    return seconds, process.returncode, sorted(seen.values(), key=lambda memory: -memory.own)


def of_session(leader: int) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield what /proc says of every process of a session that holds memory."""
    for entry in Path("/proc").iterdir():
        try:
            if not entry.name.isdecimal() or os.getsid(int(entry.name)) != leader:
                continue
            lines = (entry / "status").read_text().splitlines()
        except OSError:  # it has just ended
            continue
        status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "RssAnon" in status:
            yield int(entry.name), status


def table(case: str, n: int, seconds: float, memory: list[Memory]) -> str:
    """Return a table of the processes."""
    lines = [
        f"\n{n:,} {case}: {seconds:.0f} s",
        "",
        "| process | own MB | mapped MB | peak MB |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [f"| {each.name} | {each.own:,.0f} | {each.mapped:,.0f} | {each.peak:,.0f} |" for each in memory]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
