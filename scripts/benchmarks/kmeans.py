"""Time k-means at equal inertia, one thread each: scikit-learn, faiss, superkmeans, fastkmeanspp, winnow.

On MNIST in its first 64 principal components. Of every peer the settings are tried out before the clock
runs, and the fastest that comes within 0.5 % of the inertia of winnow's default is timed against that
default. Where none does, the fastest that comes within 0.5 % of the peer's own best is timed against the
fastest setting of winnow that is as good. Times are for the centroids alone, CPU seconds of one thread.
The floor is 2nkd operations for every pass of winnow, at the rate of a plain matrix product in the same
run; with many clusters winnow is below it, because it does not compare every row with every centroid.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from statistics import median
from time import process_time

import numpy as np
from numpy import ndarray
from threadpoolctl import threadpool_limits

from benchmarks.line import Line, alternate, tell
from benchmarks.peers import FAISS, FASTKMEANSPP, SCIKIT_LEARN, SUPERKMEANS, WINNOW, Peer, Settings

EQUAL = 1.005
ALL = (SCIKIT_LEARN, FAISS, SUPERKMEANS, FASTKMEANSPP)
# With thousands of clusters a try takes long: only its start that is both good and quick there.
FAISS_IN_SHORT = replace(FAISS, settings=FAISS.settings[1:3])
# (k, rounds, peers)
SIZES = {
    "smallest": ((8, 2, ALL),),
    "short": ((600, 2, ALL), (1200, 1, (FAISS, SUPERKMEANS)), (10_000, 1, (FAISS_IN_SHORT,))),
    "full": ((600, 4, ALL), (1200, 3, ALL), (10_000, 2, ALL)),
}


@dataclass(frozen=True)
class Tried:
    """What one setting of a method took and reached, once."""

    settings: Settings
    seconds: float
    inertia: float


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Compare at every k of the mode."""
    for k, rounds, peers in SIZES[mode]:
        for peer in peers:
            tell(f"k-means, k = {k}: {peer.name}")
            if peer.installed:
                yield contest(mode, data_dir, k).against(peer, rounds)
            else:
                yield Line(f"k-means, k = {k}", peer.name, note="not installed")


@cache
def embedded(mode: str, data_dir: str) -> ndarray:
    """Return MNIST in 64 components, or a few made up rows."""
    if mode == "smallest":
        return np.random.default_rng(0).normal(size=(400, 8)).astype(np.float32)
    from winnow.dataset.mnist import MNIST
    from winnow.embedding.pca import PCA

    return PCA(components=64).fit_transform(MNIST(data_dir).load().x)


@cache
def contest(mode: str, data_dir: str, k: int) -> "Contest":
    """Return the one contest at this k: what was tried out is not tried again."""
    return Contest(embedded(mode, data_dir), k)


@dataclass(frozen=True, eq=False)
class Contest:
    """winnow against others on the same rows, at one k."""

    X: ndarray
    k: int
    matches: dict[str, tuple[Tried, Tried]] = field(default_factory=dict)

    def match(self, peer: Peer) -> tuple[Tried, Tried]:
        """Return the settings of a peer and of winnow that are equally good."""
        if peer.name not in self.matches:
            enough = EQUAL * self.default.inertia
            other = fastest([try_out(self.X, self.k, peer, settings) for settings in peer.settings], enough)
            own = self.default if other.inertia <= enough else fastest(self.quicker, other.inertia)
            self.matches[peer.name] = other, own
        return self.matches[peer.name]

    def against(self, peer: Peer, rounds: int) -> Line:
        """Time a peer and winnow in turn, at the same quality."""
        other, own = self.match(peer)
        found: dict[str, list[ndarray]] = {"other": [], "winnow": []}

        def fit(name: str, method: Peer, settings: Settings, seed: int) -> None:
            found[name].append(method.fit(self.X, self.k, seed, 1, **settings))

        contestants = {"other": (peer, other.settings), "winnow": (WINNOW, own.settings)}
        seconds = alternate({name: partial(fit, name, *who) for name, who in contestants.items()}, rounds)
        inertia = {name: median(inertia_of(self.X, each) for each in found[name]) for name in found}
        passes = 2 * self.X.size * self.k * own.settings["passes"]
        return Line(
            f"k-means, k = {self.k}",
            f"{peer.name}{described(other.settings)}",
            seconds["other"],
            seconds["winnow"],
            target=10 if peer is SCIKIT_LEARN else 1.3 if self.k < 10_000 else 4,
            floor=passes / products_per_second(self.X, self.k),
            note=f"inertia {inertia['other'] / self.default.inertia - 1:+.1%}, "
            f"winnow {inertia['winnow'] / self.default.inertia - 1:+.1%}"
            + ("" if own is self.default else f" with{described(own.settings)}"),
        )

    @cached_property
    def default(self) -> Tried:
        """What winnow reaches by default: the measure of quality."""
        return try_out(self.X, self.k, WINNOW, WINNOW.settings[-1])

    @cached_property
    def quicker(self) -> list[Tried]:
        """What winnow reaches in less time."""
        return [try_out(self.X, self.k, WINNOW, settings) for settings in WINNOW.settings]


def fastest(tried: list[Tried], enough: float) -> Tried:
    """Return the fastest that is good enough; where none is, the fastest that is nearly the best."""
    best = min(each.inertia for each in tried)
    limit = enough if best <= enough else EQUAL * best
    return min((each for each in tried if each.inertia <= limit), key=lambda each: each.seconds)


def try_out(X: ndarray, k: int, peer: Peer, settings: Settings) -> Tried:
    """Run one setting once, on a seed that is not timed later."""
    started = process_time()
    centroids = peer.fit(X, k, 100, 1, **settings)
    tried = Tried(settings, process_time() - started, inertia_of(X, centroids))
    tell(f"  {peer.name}{described(settings)}: {tried.seconds:.3g} s, inertia {tried.inertia:.0f}")
    return tried


def inertia_of(X: ndarray, centroids: ndarray) -> float:
    """Return the sum of squared distances to the nearest centroid."""
    from winnow.geometry.distance import nearest_centroid

    return float((nearest_centroid(X, np.ascontiguousarray(centroids, np.float32))[1] ** 2).sum())


def products_per_second(X: ndarray, k: int) -> float:
    """Return the operations in a second of the matrix product behind a pass, on one thread, at its best."""
    factor, tile = (
        np.random.default_rng(0).random((X.shape[1], k), np.float32),
        np.empty((256, k), np.float32),
    )
    rows, repeats, best = X[:256], max(10**9 // (256 * X.shape[1] * k), 1), np.inf
    with threadpool_limits(1):
        for _ in range(5):
            started = process_time()
            for _ in range(repeats):
                np.matmul(rows, factor, out=tile[: len(rows)])
            best = min(best, (process_time() - started) / repeats)
    return 2 * rows.size * k / best


def described(settings: Settings) -> str:
    """Name what differs from a library's defaults."""
    words = ", ".join(f"{name}={value}" for name, value in settings.items())
    return f" ({words})" if words else ""
