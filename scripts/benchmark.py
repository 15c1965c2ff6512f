"""Measure winnow against other ways to do the same work, and write one table and one figure.

    python scripts/benchmark.py [row=kmeans,...] [mode=short] [data_dir=data] [folder=state/benchmarks]

rows   imports selection selectors assignment kmeans side_by_side training job scale; left out: all of
       them.
       gpu, which needs one, only if it is named
mode   short: under ten minutes on two cores; full: everything, hours; smallest: whether it works at all

Each row is a module of `scripts/benchmarks`, which says what it compares and on what terms. Progress goes
to stderr, the table to stdout and to benchmark.md in the folder, the figure beside it. Trust the ratios more
than the seconds: both ways take turns, on the same machine, at equal quality. Above the table stand the
libraries of linear algebra that were loaded, with the kernels that they chose for this processor: on one
where a rival's are slow, ratios flatter winnow.
"""

import os
import platform
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

from settings import settings

# Idle threads that spin slow their neighbours down; libraries read this when they are loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from benchmarks import figure
from benchmarks.line import Line, table, tell
from threadpoolctl import threadpool_info

from winnow.network.allocation import available_cores

ROWS = (
    "imports",
    "selection",
    "selectors",
    "assignment",
    "kmeans",
    "side_by_side",
    "training",
    "job",
    "scale",
)
ONLY_NAMED = ("gpu",)
MODES = ("short", "full", "smallest")


def main() -> None:
    """Measure the rows that were chosen."""
    if "--help" in sys.argv[1:]:
        print(__doc__)
        return
    given = settings(row=",".join(ROWS), mode="short", data_dir="data", folder="state/benchmarks")
    rows, mode, folder = given["row"].split(","), given["mode"], Path(given["folder"])
    for name, value, known in [("mode", mode, MODES), *(("row", row, (*ROWS, *ONLY_NAMED)) for row in rows)]:
        if value not in known:
            print(f"error: {name} must be one of {', '.join(known)}, got {value}", file=sys.stderr)
            raise SystemExit(2)
    if "gpu" in rows:
        import_module("benchmarks.gpu").require_gpu()
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[Line] = []
    for row in rows:
        started = perf_counter()
        for line in import_module(f"benchmarks.{row}").lines(mode, given["data_dir"]):
            lines.append(line)
            write(lines, mode, folder)
        tell(f"{row}: {perf_counter() - started:.0f} s")
    print((folder / "benchmark.md").read_text(), end="")


def write(lines: list[Line], mode: str, folder: Path) -> None:
    """Write what is known so far: a run that is stopped leaves the rows it finished."""
    about = f"{platform.platform()}, {available_cores()} of {os.cpu_count()} cores, mode={mode}"
    legend = "Medians, the lowest in brackets; ratio: other / winnow."
    head = f"{about}\nlinear algebra: {linear_algebra()}\n{legend}"
    (folder / "benchmark.md").write_text(f"{head}\n\n{table(lines)}\n")
    figure.draw(lines, folder / "benchmark.png")


def linear_algebra() -> str:
    """Name the loaded libraries of linear algebra, who brought them, and the kernels that they chose."""
    found = {
        f"{Path(each['filepath']).parent.name}: {each['prefix']} {each.get('architecture', '')}".strip()
        for each in threadpool_info()
        if each["user_api"] == "blas"
    }
    return ", ".join(sorted(found))


if __name__ == "__main__":
    main()
