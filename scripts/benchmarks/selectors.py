"""Time every selector, some against their definitions row by row and against other libraries.

On MNIST in its first 64 principal components, in as many clusters as rows are kept; labels and logits are
made up, and those that train a network of their own are left out. CPU seconds of one thread for `select`
alone, in turn. In brackets beside the floor, which `floors.py` explains, stands how many times as long it
took. A selector may be below a floor of looks at all rows, because it looks at many kept rows at once.
"""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.random import default_rng
from threadpoolctl import threadpool_limits

from benchmarks.floors import FLOORS, Rates
from benchmarks.kmeans import embedded
from benchmarks.line import Line, alternate, tell
from benchmarks.made_up import LEFT_OUT, made_up
from benchmarks.selector_peers import PEERS, Peer, neighbours_by_pynndescent
from winnow.geometry.distance import squared_distances
from winnow.geometry.neighbours import nearest_neighbours
from winnow.pool import Pool
from winnow.registry import load, options
from winnow.types import Clustering

# (budget, rounds)
SIZES = {"smallest": (20, 1), "short": (600, 3), "full": (600, 5)}
NEIGHBOURS = 20
NAMES = (*FLOORS, *(name for name in options("selector") if name not in {*FLOORS, *LEFT_OUT}))


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Time every selector, then the search for neighbours that several share."""
    import sklearn.cluster  # noqa: F401 - before the clock runs

    X, (budget, rounds) = embedded(mode, data_dir), SIZES[mode]
    with threadpool_limits(1):
        clustering = load("clusterer", "kmeans")(k=budget).fit(X, seed=0)
        rates = Rates.of(X, clustering)
        for name in NAMES:
            tell(f"selector={name}")
            floor = FLOORS[name](rates, budget) if name in FLOORS else None
            yield timed(name, X, clustering, budget, rounds, floor)
        yield from searches(X, rounds, rates.pairs)
        for peer in PEERS:
            yield against(peer, X[: peer.rows], budget, rounds)


def against(peer: Peer, X: ndarray, budget: int, rounds: int) -> Line:
    """Time another library and winnow in turn, after each has worked once: some compile what they need."""
    what = f"selector={peer.selector}, {budget} of {len(X):,} rows"
    tell(f"{what} against {peer.name}")
    if not peer.installed:
        return Line(what, peer.name, note="not installed")
    selector, pool = load("selector", peer.selector)(), Pool(len(X), X=X)
    ways: dict[str, Callable[[int], Any]] = {
        peer.name: lambda seed: peer.choose(X, budget, seed),
        "winnow": lambda seed: selector.select(pool, budget=budget, rng=default_rng(seed)),
    }
    peer.choose(X[:200], 5, 0)
    seconds = alternate(ways, rounds)
    return Line(what, peer.name, seconds[peer.name], seconds["winnow"])


def timed(
    name: str, X: ndarray, clustering: Clustering, budget: int, rounds: int, floor: float | None
) -> Line:
    """Time one selector, and its definition where that is a loop over all rows for every kept one."""
    ways: dict[str, Callable[[int], object]] = {}
    if slow := DEFINITIONS.get(name):
        ways["row by row"] = lambda seed: slow(X, budget, seed)
    if name == "d2_sampling":
        ways["scikit-learn"] = partial(by_sklearn, X, budget)
    selector = load("selector", name)()
    given: dict[str, Any] = {"X": X, "clustering": clustering}
    known = {part: given[part] for part in given.keys() & selector.needs} | made_up(len(X), selector.needs)
    ways["winnow"] = lambda seed: selector.select(Pool(len(X), **known), budget=budget, rng=default_rng(seed))
    seconds = alternate(ways, rounds)
    against = next(iter(ways)) if len(ways) > 1 else ""
    what = f"selector={name}, {budget} of {len(X):,} rows"
    return Line(what, against, seconds.get(against, ()), seconds["winnow"], floor=floor)


def searches(X: ndarray, rounds: int, floor: float) -> Iterator[Line]:
    """Time the search for the nearest neighbours of all rows, and note how many of them are found."""
    ways: dict[str, Callable[[int], ndarray]] = {
        "faiss": lambda _: by_faiss(X),
        "winnow": lambda _: nearest_neighbours(X, NEIGHBOURS)[0],
        "winnow, approximate": lambda _: nearest_neighbours(X, NEIGHBOURS, exact=False)[0],
    }
    if find_spec("pynndescent"):
        neighbours_by_pynndescent(X[:200], 5)  # it compiles what it needs
        ways["pynndescent"] = lambda _: neighbours_by_pynndescent(X, NEIGHBOURS)
    seconds, exact = alternate(ways, rounds), ways["winnow"](0)
    for own, other in (
        ("winnow", "faiss"),
        ("winnow, approximate", "faiss"),
        ("winnow, approximate", "pynndescent"),
    ):
        what = f"{NEIGHBOURS} neighbours of {len(X):,} rows" + own.removeprefix("winnow")
        if other not in ways:
            yield Line(what, other, own=seconds[own], floor=floor, note="not installed")
            continue
        found = " and ".join(f"{share_found(exact, ways[way](0)):.1%} by {way}" for way in (other, own))
        yield Line(what, other, seconds[other], seconds[own], floor=floor, note=f"found: {found}")


def share_found(exact: ndarray, found: ndarray) -> float:
    """Return which part of the neighbours of each row, (n, count), is among those found of it, (n, m).

    >>> share_found(np.array([[1, 2], [0, 2]]), np.array([[1, 2, 0], [1, 2, 3]]))
    0.75
    """
    return float((exact[:, :, None] == found[:, None, :]).any(axis=2).mean())


def farthest_first_row_by_row(X: ndarray, budget: int, seed: int) -> ndarray:
    """Look at all rows for every row that is kept."""
    squares, row = np.full(len(X), np.inf), int(default_rng(seed).integers(len(X)))
    for _ in range(budget):
        np.minimum(squares, squared_distances(X, X[row]), out=squares)
        row = int(squares.argmax())
    return squares


def herding_row_by_row(X: ndarray, budget: int, seed: int) -> ndarray:
    """Look at all rows, in double precision, for every row that is kept."""
    directions = X / np.linalg.norm(X, axis=1, keepdims=True)
    mean = directions.mean(axis=0, dtype=np.float64)
    wanted = mean.copy()
    for _ in range(budget):
        wanted += mean - directions[int(squared_distances(directions, wanted).argmin())]
    return wanted


DEFINITIONS = {"kcenter": farthest_first_row_by_row, "herding": herding_row_by_row}


def by_sklearn(X: ndarray, budget: int, seed: int) -> ndarray:
    """Draw rows by squared distance, one trial each."""
    from sklearn.cluster import kmeans_plusplus

    return kmeans_plusplus(X, budget, random_state=seed, n_local_trials=1)[1]


def by_faiss(X: ndarray) -> ndarray:
    """Search all rows with a flat index."""
    import faiss

    index = faiss.IndexFlatL2(X.shape[1])
    index.add(X)
    with threadpool_limits(1):
        return np.concatenate(
            [index.search(X[at : at + 4096], NEIGHBOURS + 1)[1] for at in range(0, len(X), 4096)]
        )
