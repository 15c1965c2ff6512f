"""What the arithmetic of a selector's rule takes at rates measured in the same run, as a yardstick.

Products of all pairs are taken at the rate of plain float32 matrix products, though their results would still
have to be looked at. A look at all rows for each kept one is a product of the rows with one of them, at the
rate of such products: who looks for several kept rows at once may take less. What is measured in double
precision among the rows of a cluster is taken at scipy's rate, and a draw of `zcore` as numpy would do it
with all rows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from numpy import ndarray
from scipy.spatial.distance import cdist

from winnow.registry import load
from winnow.types import Clustering

TILE, TILES, LOOKS, DRAWS, RUNS = 512, 40, 20, 50, 5


@dataclass(frozen=True)
class Rates:
    """Processor seconds of parts of the arithmetic, on n rows with their clusters, one thread.

    Parameters
    ----------
    n : int
        Number of rows.
    look : float
        A product of all rows with one of them.
    pairs : float
        Products of all rows with each other, reckoned from those of some tiles.
    exponentials : float
        Of n numbers in single precision.
    pairs_in_clusters, distances_in_clusters : float
        Products, and distances in double precision, of the rows of each cluster with each other.
    draw : float
        What one draw of `zcore` looks for, among all rows: the one nearest to a point in a plane, and those
        nearest to it.
    """

    n: int
    look: float
    pairs: float
    exponentials: float
    pairs_in_clusters: float
    distances_in_clusters: float
    draw: float

    @classmethod
    def of(cls, X: ndarray, clustering: Clustering) -> "Rates":
        """Measure all of them."""
        groups = [X[rows] for rows in clustering.members]
        numbers = X.ravel()[: len(X)].copy()
        tiles = [X[at : at + TILE] for at in range(0, min(len(X), TILES * TILE), TILE)]
        pairs = len(tiles[0]) * sum(map(len, tiles))
        return cls(
            n=len(X),
            look=seconds(lambda row: X @ row, X[:LOOKS]) / LOOKS,
            pairs=seconds(lambda tile: tiles[0] @ tile.T, tiles) * len(X) ** 2 / pairs,
            exponentials=seconds(np.exp, [numbers] * LOOKS) / LOOKS,
            pairs_in_clusters=seconds(lambda group: group @ group.T, groups),
            distances_in_clusters=seconds(lambda group: cdist(group, group), groups),
            draw=seconds(drawing(X), range(DRAWS)) / DRAWS,
        )


def seconds(work: Callable[[Any], object], items: Iterable[Any]) -> float:
    """Return the median processor seconds, of five runs, of work on all items one after the other."""
    runs = []
    for _ in range(RUNS):
        started = process_time()
        for item in items:
            work(item)
        runs.append(process_time() - started)
    return median(runs)


def drawing(X: ndarray) -> Callable[[int], ndarray]:
    """Return what finds, for one plane, the row nearest to its middle, and the rows nearest to that one."""
    columns, count = np.ascontiguousarray(X.T), min(load("selector", "zcore")().neighbours, len(X) - 1)

    def draw(number: int) -> ndarray:
        first, second = columns[number % len(columns)], columns[(number + 1) % len(columns)]
        covering = int((np.abs(first) + np.abs(second)).argmin())
        around = np.abs(first - first[covering]) + np.abs(second - second[covering])
        return np.argpartition(around, count)[: count + 1]

    return draw


def of_kernel_herding(rates: Rates, budget: int) -> float:
    """A look and an exponential for each kept row, and the same for each row of the sample as a product."""
    sample = min(load("selector", "kernel_herding")().sample, rates.n)
    looks = budget * rates.look + rates.pairs * sample / rates.n
    return looks + (budget + sample) * rates.exponentials


FLOORS: Mapping[str, Callable[[Rates, int], float]] = {
    **dict.fromkeys(("kcenter", "d2_sampling", "herding"), lambda rates, budget: budget * rates.look),
    "kernel_herding": of_kernel_herding,
    **dict.fromkeys(
        ("inverse_density", "facility_location", "d2_pruning", "probability_cover"),
        lambda rates, budget: rates.pairs,
    ),
    **dict.fromkeys(("density", "typicality", "kmedoids"), lambda rates, budget: rates.distances_in_clusters),
    "semdedup": lambda rates, budget: rates.pairs_in_clusters,
    "auto": lambda rates, budget: rates.pairs * 3 / 4 * budget / rates.n,
    "zcore": lambda rates, budget: ceil(load("selector", "zcore")().draws_per_row * rates.n) * rates.draw,
}
"""Of a selector, from the rates and how many rows are kept; the others take less than a tenth of a second."""
