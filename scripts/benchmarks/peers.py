"""Other people's k-means, each with the settings in which it is fast or good.

Every library is imported when it is used, and one that is not installed is told of, not missed in silence:
`pip install -e .[bench]` brings them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from numpy import ndarray

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """A library that finds k centroids; of its `settings`, the fastest of sufficient quality is timed."""

    name: str
    module: str
    fit: Callable[..., ndarray]
    settings: tuple[Settings, ...]

    @property
    def installed(self) -> bool:
        """Whether it can be imported."""
        return find_spec(self.module) is not None


def by_winnow(X: ndarray, k: int, seed: int, threads: int, passes: int = 12, draws: int = 4) -> ndarray:
    """Return the centroids of `clusterer=kmeans`, on one thread always."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    from winnow.geometry.fast_kmeans import find_centroids

    with threadpool_limits(1):
        return find_centroids(X, k, np.random.default_rng(seed), passes=passes, draws=draws)


def by_sklearn(X: ndarray, k: int, seed: int, threads: int) -> ndarray:
    """Return the centroids of k-means++ and Lloyd iterations until its default tolerance."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        return KMeans(k, n_init=1, random_state=seed).fit(X).cluster_centers_


def by_faiss(X: ndarray, k: int, seed: int, threads: int, start: str, iterations: int) -> ndarray:
    """Return the centroids of Lloyd iterations over all rows; its default would look at a sample."""
    import faiss

    faiss.omp_set_num_threads(threads)
    kmeans = faiss.Kmeans(
        X.shape[1],
        k,
        niter=iterations,
        seed=seed,
        init_method=getattr(faiss, f"ClusteringInitMethod_{start}"),
        min_points_per_centroid=1,
        max_points_per_centroid=len(X),
    )
    kmeans.train(X)
    return kmeans.centroids


def by_superkmeans(X: ndarray, k: int, seed: int, threads: int, **settings: Any) -> ndarray:
    """Return the centroids of all rows, without its early end unless that is asked for."""
    from superkmeans import SuperKMeans

    options = {"sampling_fraction": 1.0, "max_points_per_cluster": len(X), "hierarchical": False} | settings
    return SuperKMeans(k, X.shape[1], n_threads=threads, seed=seed, **options).train(X)


def by_fastkmeanspp(X: ndarray, k: int, seed: int, threads: int, **settings: Any) -> ndarray:
    """Return the centroids of its k-means++ and a fixed number of Lloyd iterations."""
    from fastkmeanspp import KMeans

    return KMeans(k, random_state=seed, n_jobs=threads, **settings).fit(X).cluster_centers_


SCIKIT_LEARN = Peer("scikit-learn", "sklearn", by_sklearn, ({},))
FAISS = Peer(
    "faiss",
    "faiss",
    by_faiss,
    (
        {"start": "RANDOM", "iterations": 25},
        {"start": "KMEANS_PLUS_PLUS", "iterations": 5},
        {"start": "KMEANS_PLUS_PLUS", "iterations": 12},
        {"start": "AFK_MC2", "iterations": 12},
        {"start": "AFK_MC2", "iterations": 18},
        {"start": "KMEANS_PLUS_PLUS", "iterations": 25},
        {"start": "AFK_MC2", "iterations": 25},
    ),
)
SUPERKMEANS = Peer(
    "superkmeans",
    "superkmeans",
    by_superkmeans,
    (
        {"hierarchical": True},
        {"hierarchical": True, "iters_refinement": 5},
        {"iters": 10},
        {"iters": 25, "early_termination": False},
    ),
)
FASTKMEANSPP = Peer(
    "fastkmeanspp",
    "fastkmeanspp",
    by_fastkmeanspp,
    (
        {"n_local_trials": 1, "n_iter": 5},
        {"n_local_trials": 1, "n_iter": 12},
        {"n_iter": 5},
        {"n_iter": 12},
        {"n_iter": 20},
    ),
)
WINNOW = Peer(
    "winnow",
    "winnow",
    by_winnow,
    tuple({"passes": passes, "draws": draws} for draws in (1, 4) for passes in (1, 2, 3, 4, 6, 8, 12)),
)
