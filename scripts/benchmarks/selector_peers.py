"""Other people's selectors that follow the same rule, on rows that they can hold in memory.

Every library is imported when it is used, and one that is not installed is told of. To have them all:

    pip install fpsample scikit-activeml apricot-select submodlib-py pynndescent

Not compared are those whose rule is another one: `kmedoids` exchanges medoids among all rows, where winnow
takes the medoid of each given cluster.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy import ndarray

NEIGHBOURS = 64
Choose = Callable[[ndarray, int, int], ndarray]


@dataclass(frozen=True)
class Peer:
    """A library that chooses as `selector` does.

    Parameters
    ----------
    name, module : of the library, in the index and where it is imported from.
    selector : the option of winnow that follows the same rule.
    choose : takes rows X (n, d), how many to keep, and a seed; returns the numbers of those kept.
    rows : the most that it is given, because it holds all pairs in memory or takes too long.
    """

    name: str
    module: str
    selector: str
    choose: Choose
    rows: int = 60_000

    @property
    def installed(self) -> bool:
        """Whether it can be imported."""
        return find_spec(self.module) is not None


def by_fpsample(X: ndarray, budget: int, seed: int) -> ndarray:
    """Keep the row furthest from all kept, by its plain method: its trees are for few dimensions."""
    import fpsample

    start = int(np.random.default_rng(seed).integers(len(X)))
    return fpsample.fps_sampling(X, budget, start_idx=start)


def by_activeml(X: ndarray, budget: int, seed: int) -> ndarray:
    """Keep the row furthest from all kept, asked for one by one without labels."""
    from skactiveml.pool import CoreSet

    unlabelled = np.full(len(X), np.nan)
    return CoreSet(random_state=seed).query(X, unlabelled, batch_size=budget)


def by_apricot(X: ndarray, budget: int, seed: int) -> ndarray:
    """Maximise facility location lazily over similarities to 64 neighbours.

    The graph is made as apricot itself would, by scikit-learn: what it makes has numbers that it cannot read.
    """
    from apricot import FacilityLocationSelection
    from sklearn.neighbors import kneighbors_graph

    graph = kneighbors_graph(X, min(NEIGHBOURS, len(X) - 1), mode="distance")
    graph.data = graph.data.max() - graph.data
    graph.indices, graph.indptr = graph.indices.astype(np.int32), graph.indptr.astype(np.int32)
    return FacilityLocationSelection(budget, metric="precomputed", optimizer="lazy").fit(graph).ranking


def by_submodlib(X: ndarray, budget: int, seed: int) -> ndarray:
    """Maximise facility location lazily over similarities to 64 neighbours."""
    from submodlib import FacilityLocationFunction

    goal = FacilityLocationFunction(
        n=len(X), mode="sparse", data=X, metric="euclidean", num_neighbors=min(NEIGHBOURS, len(X))
    )
    settings: dict[str, Any] = {"stopIfZeroGain": False, "stopIfNegativeGain": False, "show_progress": False}
    return np.array([row for row, _ in goal.maximize(budget=budget, optimizer="LazyGreedy", **settings)])


def neighbours_by_pynndescent(X: ndarray, count: int) -> ndarray:
    """Find nearly all nearest neighbours of every row, on one thread."""
    from pynndescent import NNDescent

    return NNDescent(X, n_neighbors=count + 1, random_state=0, n_jobs=1).neighbor_graph[0]


PEERS = (
    Peer("fpsample", "fpsample", "kcenter", by_fpsample),
    Peer("scikit-activeml", "skactiveml", "kcenter", by_activeml, rows=5_000),
    Peer("apricot-select", "apricot", "facility_location", by_apricot, rows=10_000),
    Peer("submodlib-py", "submodlib", "facility_location", by_submodlib, rows=2_000),
)
