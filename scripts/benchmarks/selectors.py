"""Time selectors that need no labels, against their definitions row by row and against other libraries.

On MNIST in its first 64 principal components; CPU seconds of one thread for `select` alone, in turn. The
floor is what the arithmetic of the definition takes at the rate of a plain float32 product in the same run: a
look at all rows for every kept one, or a comparison of all pairs. A selector may be below the first, because
it looks at many kept rows at once. The note names the libraries of linear algebra that were loaded.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.random import default_rng
from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks.kmeans import embedded
from benchmarks.line import Line, alternate, tell
from benchmarks.selector_peers import PEERS, Peer, neighbours_by_pynndescent
from winnow.geometry.distance import squared_distances
from winnow.geometry.neighbours import nearest_neighbours
from winnow.pool import Pool
from winnow.registry import load

# (budget, rounds)
SIZES = {"smallest": (20, 1), "short": (600, 2), "full": (600, 5)}
NEIGHBOURS = 20
PER_KEPT_ROW = ("kcenter", "d2_sampling", "herding", "kernel_herding")
ALL_PAIRS = ("inverse_density", "facility_location", "probability_cover")
OTHERS = ("zcore", "density", "typicality", "kmedoids", "semdedup")


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Time every selector, then the search for neighbours that several share."""
    import sklearn.cluster  # noqa: F401 - before the clock runs

    X, (budget, rounds) = embedded(mode, data_dir), SIZES[mode]
    with threadpool_limits(1):
        pool = Pool(len(X), X=X, clustering=load("clusterer", "kmeans")(k=budget).fit(X, seed=0))
        look, pairs = seconds_of_a_look(X), seconds_of_all_pairs(X)
        for name in (*PER_KEPT_ROW, *ALL_PAIRS, *OTHERS):
            tell(f"selector={name}")
            floor = budget * look if name in PER_KEPT_ROW else pairs if name in ALL_PAIRS else None
            yield timed(name, pool, budget, rounds, floor)
        yield from searches(X, rounds, pairs)
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
    return Line(what, peer.name, seconds[peer.name], seconds["winnow"], note=linear_algebra())


def timed(name: str, pool: Pool, budget: int, rounds: int, floor: float | None) -> Line:
    """Time one selector, and its definition where that is a loop over all rows for every kept one."""
    ways: dict[str, Callable[[int], object]] = {}
    if slow := DEFINITIONS.get(name):
        ways["row by row"] = lambda seed: slow(pool.X, budget, seed)
    if name == "d2_sampling":
        ways["scikit-learn"] = partial(by_sklearn, pool.X, budget)
    selector = load("selector", name)()
    ways["winnow"] = lambda seed: selector.select(
        pool.only(selector.needs), budget=budget, rng=default_rng(seed)
    )
    seconds = alternate(ways, rounds)
    against = next(iter(ways)) if len(ways) > 1 else ""
    what = f"selector={name}, {budget} of {pool.n:,} rows"
    return Line(
        what, against, seconds.get(against, ()), seconds["winnow"], floor=floor, note=linear_algebra()
    )


def searches(X: ndarray, rounds: int, floor: float) -> Iterator[Line]:
    """Time the search for the nearest neighbours of all rows."""
    ways: Mapping[str, Callable[[int], Any]] = {
        "faiss": lambda _: by_faiss(X),
        "winnow": lambda _: nearest_neighbours(X, NEIGHBOURS),
        "winnow, approximate": lambda _: nearest_neighbours(X, NEIGHBOURS, exact=False),
    }
    if find_spec("pynndescent"):
        neighbours_by_pynndescent(X[:200], 5)  # it compiles what it needs
        ways = {**ways, "pynndescent": lambda _: neighbours_by_pynndescent(X, NEIGHBOURS)}
    seconds = alternate(ways, rounds)
    for own, other in (
        ("winnow", "faiss"),
        ("winnow, approximate", "faiss"),
        ("winnow, approximate", "pynndescent"),
    ):
        what = f"{NEIGHBOURS} neighbours of {len(X):,} rows" + own.removeprefix("winnow")
        note = linear_algebra() if other in seconds else "not installed"
        yield Line(what, other, seconds.get(other, ()), seconds[own], floor=floor, note=note)


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


def seconds_of_a_look(X: ndarray, looks: int = 20) -> float:
    """Return the CPU seconds of one product of all rows with one of them."""
    started = process_time()
    for row in range(looks):
        X @ X[row]
    return (process_time() - started) / looks


def seconds_of_all_pairs(X: ndarray, tile: int = 512) -> float:
    """Return the CPU seconds of the products of all rows with each other, from those of some tiles."""
    tiles = [X[at : at + tile] for at in range(0, min(len(X), 40 * tile), tile)]
    started = process_time()
    for other in tiles:
        tiles[0] @ other.T
    pairs = len(tiles[0]) * sum(len(each) for each in tiles)
    return (process_time() - started) * len(X) ** 2 / pairs


def linear_algebra() -> str:
    """Name the loaded libraries of linear algebra, who brought them, and the kernels that they chose."""
    found = {
        f"{Path(each['filepath']).parent.name}: {each['prefix']} {each.get('architecture', '')}".strip()
        for each in threadpool_info()
        if each["user_api"] == "blas"
    }
    return ", ".join(sorted(found))
