"""Choose once by one selector, and print how long it took and which rows are kept, as JSON.

    PYTHONPATH=src:scripts python -m benchmarks.choose_once <selector> <file of rows> <rows to keep> <seed>

The version of the code that chooses is the one on PYTHONPATH, which is how `selectors_of_two_versions.py`
works. The file holds X and its clusters as numpy arrays.
"""

import json
import sys
import time
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.made_up import made_up
from winnow.pool import Pool
from winnow.registry import load
from winnow.types import Clustering

FEW = 250


def main(name: str, file: str, kept: int, seed: int) -> None:
    """Choose on one thread."""
    stored, selector = np.load(file, allow_pickle=False), load("selector", name)()
    clustering = Clustering(**{part: stored[part] for part in ("centroids", "labels", "distances")})
    X = stored["X"]
    pool = pool_of({"X": X, "clustering": clustering}, len(X), selector.needs)
    with threadpool_limits(1):
        # Once on few rows, so that no import is timed.
        few = X[:FEW]
        known = {"X": few, "clustering": load("clusterer", "kmeans")(k=4).fit(few, seed=0)}
        selector.select(pool_of(known, FEW, selector.needs), budget=4, rng=np.random.default_rng(seed))
        started = time.process_time()
        rows = selector.select(pool, budget=kept, rng=np.random.default_rng(seed)).indices
        seconds = time.process_time() - started
    print(json.dumps({"seconds": seconds, "rows": rows.tolist()}))


def pool_of(known: Mapping[str, Any], n: int, needs: Collection[str]) -> Pool:
    """Return the n rows with what a selector needs of them."""
    return Pool(n, **{part: known[part] for part in known.keys() & needs}, **made_up(n, needs))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
