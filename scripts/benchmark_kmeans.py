"""Time k-means to equal inertia: scikit-learn, faiss and winnow side by side on MNIST in 64 components.

    python scripts/benchmark_kmeans.py [data_dir=data] [k=600,1200] [rounds=3] [threads=1] [passes=12]
                                       [methods=sklearn,random,kmeans++,afk] [target=inertia] [quick=false]

Inertia counts as equal within 0.5 % of the median of scikit-learn's k-means++ (or of `target`, where that
takes too long to compute again). faiss gets every start it offers and as few iterations as reach that
inertia, found before the clock runs; winnow gets its defaults. Methods take turns, so that a busy machine
slows all of them alike; medians are shown. Times are for centroids alone, seconds by the clock and of
processor time; the line "with labels" adds the exact assignment of every row.
"""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time

from settings import settings

ASKED = settings(
    data_dir="data",
    k="600,1200",
    rounds="3",
    threads="1",
    passes="12",
    methods="sklearn,random,kmeans++,afk",
    target="",
    quick="false",
)
# Libraries read their number of threads when they are loaded.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), ASKED["threads"])

import faiss  # noqa: E402
import numpy as np  # noqa: E402
from numpy import ndarray  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402

from winnow.dataset.mnist import MNIST  # noqa: E402
from winnow.distance import nearest_centroid  # noqa: E402
from winnow.embedding.pca import PCA  # noqa: E402
from winnow.lloyd import Points, find_centroids  # noqa: E402

Method = Callable[[ndarray, int, int], ndarray]  # (X, k, seed) -> centroids

MOST_ITERATIONS = 25
STARTS = {
    "random": faiss.ClusteringInitMethod_RANDOM,
    "kmeans++": faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS,
    "afk": faiss.ClusteringInitMethod_AFK_MC2,
}


@dataclass
class Timings:
    """What one method took and reached, run after run."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    inertia: list[float] = field(default_factory=list)

    def run(self, method: Method, X: ndarray, k: int, seed: int) -> None:
        """Run `method` once more."""
        clock, processor = perf_counter(), process_time()
        centroids = method(X, k, seed)
        self.clock.append(perf_counter() - clock)
        self.processor.append(process_time() - processor)
        self.inertia.append(float((nearest_centroid(X, centroids)[1] ** 2).sum()))


def by_sklearn(X: ndarray, k: int, seed: int) -> ndarray:
    """Return the centroids of scikit-learn's k-means++ and Lloyd iterations at its default tolerance."""
    return KMeans(k, n_init=1, random_state=seed).fit(X).cluster_centers_


def by_faiss(X: ndarray, k: int, seed: int, start: str, iterations: int) -> faiss.Kmeans:
    """Train faiss on all rows."""
    kmeans = faiss.Kmeans(
        X.shape[1],
        k,
        niter=iterations,
        seed=seed,
        init_method=STARTS[start],
        min_points_per_centroid=1,
        max_points_per_centroid=len(X),
    )
    kmeans.train(X)
    return kmeans


def by_winnow(X: ndarray, k: int, seed: int) -> ndarray:
    """Return winnow's centroids."""
    return find_centroids(X, k, np.random.default_rng(seed), passes=int(ASKED["passes"]), draws=4)


def labelled_by_winnow(X: ndarray, k: int, seed: int) -> ndarray:
    """Return winnow's centroids after assigning every row to one of them."""
    centroids = by_winnow(X, k, seed)
    nearest_centroid(X, centroids)
    return centroids


def faiss_within(X: ndarray, k: int, start: str, target: float) -> tuple[str, Method]:
    """Return faiss with the fewest iterations that reach `target`, or with the most allowed."""
    stats = by_faiss(X, k, 0, start, MOST_ITERATIONS).iteration_stats
    # The value noted in a step is that of the centroids before it.
    reached = [step for step, stat in enumerate(stats) if step and stat["obj"] <= target]
    iterations = reached[0] if reached else MOST_ITERATIONS
    note = "" if reached else ", target not reached"

    def method(X: ndarray, k: int, seed: int) -> ndarray:
        return by_faiss(X, k, seed, start, iterations).centroids

    return f"faiss {start}, {iterations} iterations{note}", method


def seconds_per_pass(X: ndarray, k: int) -> tuple[float, float]:
    """Return the seconds of one pass over all rows, and of its matrix products at the best rate seen."""
    points = Points.of(X)
    centroids = points[:k]
    factor, tile = np.ascontiguousarray(centroids.T), np.empty((256, k), np.float32)
    passes, products = [], []
    for _ in range(5):
        start = perf_counter()
        points.nearest(centroids)
        passes.append(perf_counter() - start)
        start = perf_counter()
        for _ in range(len(X) // 256):
            np.matmul(X[:256], factor, out=tile)
        products.append((perf_counter() - start) * len(X) / (len(X) // 256 * 256))
    return min(passes), min(products)


def compare(X: ndarray, k: int) -> None:
    """Print the table of one k."""
    names, rounds = ASKED["methods"].split(","), int(ASKED["rounds"])
    timings: dict[str, Timings] = {}
    reference = float(ASKED["target"] or 0)
    methods: dict[str, Method] = {"winnow": by_winnow, "winnow, with labels": labelled_by_winnow}
    if "sklearn" in names:
        methods["scikit-learn k-means++"] = by_sklearn
    if not reference:
        reference = median(
            float((nearest_centroid(X, by_sklearn(X, k, 100 + seed))[1] ** 2).sum()) for seed in range(2)
        )
    for start in (start for start in STARTS if start in names):
        methods |= dict([faiss_within(X, k, start, 1.005 * reference)])
    for seed in range(rounds):
        for name, method in methods.items():
            timings.setdefault(name, Timings()).run(method, X, k, seed)
    report(X, k, reference, timings)


def report(X: ndarray, k: int, reference: float, timings: dict[str, Timings]) -> None:
    """Print what was measured as a Markdown table."""
    ours = timings["winnow"]
    print(f"\nk = {k}: inertia compared with {reference:.0f}, medians of {ASKED['rounds']}\n")
    print("| method | seconds | processor | ratio to winnow | inertia |\n|---|---|---|---|---|")
    for name, timing in sorted(timings.items(), key=lambda item: -median(item[1].processor)):
        ratio = median(timing.processor) / median(ours.processor)
        print(
            f"| {name} | {median(timing.clock):.2f} | {median(timing.processor):.2f} | {ratio:.1f} "
            f"| {median(timing.inertia) / reference - 1:+.2%} |"
        )
    one_pass, floor = seconds_per_pass(X, k)
    rate = 2 * X.size * k / floor / 1e9
    print(
        f"\none full pass: {one_pass * 1e3:.0f} ms, {one_pass / floor:.2f} times its floor of "
        f"{floor * 1e3:.0f} ms (matrix products alone, {rate:.0f} GFLOP/s)",
        flush=True,
    )


def main() -> None:
    """Run the comparison for every k."""
    if ASKED["quick"] == "true":
        ASKED.update(k="600", rounds="1", methods="sklearn,kmeans++")
    X = PCA(components=64).fit_transform(MNIST(ASKED["data_dir"]).load().x)
    print(f"{platform.platform()}, {os.cpu_count()} cores, threads={ASKED['threads']}, n = {len(X)}, d = 64")
    for k in ASKED["k"].split(","):
        compare(X, int(k))


if __name__ == "__main__":
    main()
