"""Show the iterations of k-means on points in the plane.

A figure of three panels: the data, the initial centroids and the final ones; and a table of the inertia
after every iteration, with scikit-learn's result from the same initial centroids, which must be the same,
at the end.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from winnow.clusterer.lloyd import assign, iterate_centroids, random_centroids, squared_distances
from winnow.errors import InvalidValue
from winnow.report.style import (
    TableRow,
    mark_centroids,
    new_figure,
    save_figure,
    save_table,
    scatter_by_label,
)
from winnow.stages import Study
from winnow.streams import Streams
from winnow.types import Dataset


@dataclass(frozen=True)
class KMeans2D(Study):
    """k-means by `winnow.clusterer.lloyd` on data of two features.

    Parameters
    ----------
    k
        Number of clusters.
    """

    k: Annotated[int, Field(ge=1)] = 2

    def run(self, dataset: Dataset, *, seed: int, seeds: int, folder: Path) -> str:
        if dataset.x.ndim != 2 or dataset.x.shape[1] != 2:
            raise InvalidValue(
                f"dataset must have two features to be drawn, got rows of shape {dataset.x.shape[1:]}",
                remedy="use dataset=blobs_2d",
            )
        X = dataset.x[:].astype(np.float64)
        initial = random_centroids(X, self.k, Streams(seed, 0).rng("cluster"))
        rounds = list(iterate_centroids(X, initial))
        self._draw(X, rounds, folder / "kmeans_2d.png")
        return save_table(_records(X, rounds), folder / "kmeans_2d.csv")

    def _draw(self, X: np.ndarray, rounds: list[np.ndarray], path: Path) -> None:
        figure, (data, start, end) = new_figure(3)
        data.scatter(*X.T, s=18, alpha=0.7, color="#555555", linewidths=0)
        data.set_title(f"data: {len(X)} points")
        for axes, centroids, title in ((start, rounds[0], "first"), (end, rounds[-1], "last")):
            scatter_by_label(axes, X, assign(squared_distances(X, centroids)), "cluster")
            mark_centroids(axes, centroids, "centroids")
            axes.legend(loc="upper left", fontsize="small")
            axes.set_title(f"{title} centroids (round {0 if axes is start else len(rounds) - 1})")
        for axes in (data, start, end):
            axes.set(xlabel="feature 1", ylabel="feature 2", aspect="equal")
        save_figure(figure, path, dpi=150)


def _records(X: np.ndarray, rounds: list[np.ndarray]) -> list[TableRow]:
    from sklearn.cluster import KMeans

    start = rounds[0]
    reference = KMeans(len(start), init=start, n_init=1, tol=0, algorithm="lloyd").fit(X)
    named = [*((str(number), centroids) for number, centroids in enumerate(rounds))]
    return [
        {
            "round": name,
            "inertia": float(squared_distances(X, centroids).min(axis=1).sum()),
            "centroids": " ".join(f"({', '.join(f'{value:.3f}' for value in point)})" for point in centroids),
        }
        for name, centroids in [*named, ("scikit-learn", reference.cluster_centers_)]
    ]
