"""Time `select` alone by two versions of the code, in turn, and say whether they keep the same rows.

    git worktree add /tmp/before <commit>
    python scripts/selectors_of_two_versions.py before=/tmp/before/src [selector=kcenter,herding,...] \
        [kept=600] [clusters=600] [rows=60000] [rounds=2] [data_dir=data]

On MNIST in its first 64 principal components; CPU seconds of one thread, medians; each choice in a process of
its own, which imports one of the two versions. *same rows* counts those that both keep, of the first round.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from benchmarks.kmeans import embedded
from settings import settings

from winnow.registry import load

SELECTORS = "kcenter d2_sampling herding kernel_herding inverse_density facility_location d2_pruning"
SELECTORS = ",".join([*SELECTORS.split(), "probability_cover", "zcore", "density", "typicality", "semdedup"])


def main() -> None:
    """Embed, cluster, choose, print."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given = settings(
        before="", selector=SELECTORS, kept="600", clusters="600", rows="60000", rounds="2", data_dir="data"
    )
    if not (Path(given["before"]) / "winnow").is_dir():
        print(f"error: before must name a folder that holds winnow, got {given['before']}", file=sys.stderr)
        raise SystemExit(2)
    now = str(Path(__file__).parents[1] / "src")
    with tempfile.TemporaryDirectory() as folder:
        file = prepare(Path(folder), given)
        print("| selector | before | now | ratio | same rows |\n| --- | ---: | ---: | ---: | ---: |")
        for name in given["selector"].split(","):
            seen = [
                [choose(version, name, file, given["kept"], seed) for version in (given["before"], now)]
                for seed in range(int(given["rounds"]))
            ]
            print(line(name, seen), flush=True)


def prepare(folder: Path, given: Mapping[str, str]) -> Path:
    """Write the rows and their clusters for every process."""
    X = embedded("full", given["data_dir"])[: int(given["rows"])]
    found = load("clusterer", "kmeans")(k=int(given["clusters"])).fit(X, seed=0)
    parts = {part: getattr(found, part) for part in ("centroids", "labels", "distances")}
    np.savez(folder / "rows.npz", allow_pickle=False, X=X, **parts)
    return folder / "rows.npz"


def choose(version: str, name: str, file: Path, kept: str, seed: int) -> dict[str, Any]:
    """Choose once by one version, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.choose_once", name, str(file), kept, str(seed)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([version, str(Path(__file__).parent)])},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(ended.stdout)


def line(name: str, seen: list[list[dict[str, Any]]]) -> str:
    """Return the line of one selector.

    >>> line("nearest", [[{"seconds": 4.0, "rows": [1, 2]}, {"seconds": 2.0, "rows": [2, 3]}]])
    '| `nearest` | 4.00 s | 2.00 s | 2.0x | 1 of 2 |'
    """
    before, now = (median(each[version]["seconds"] for each in seen) for version in (0, 1))
    rows = [set(each["rows"]) for each in seen[0]]
    same = f"{len(rows[0] & rows[1])} of {len(rows[0])}"
    return f"| `{name}` | {before:.2f} s | {now:.2f} s | {before / now:.1f}x | {same} |"


if __name__ == "__main__":
    main()
