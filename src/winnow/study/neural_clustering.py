"""Compare clustering with a network with k-means: inertia, agreement with labels, and time.

On data of two features the rounds of the network are drawn as an animation. k-means should win in every
column of the table: see `winnow.clusterer.neural`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy import ndarray
from pydantic import Field

from winnow.clusterer.neural import Neural, Round
from winnow.clusterer.sklearn import Sklearn
from winnow.embedding.identity import flatten
from winnow.report.style import (
    mark_centroids,
    median_of_repetitions,
    new_figure,
    save_table,
    scatter_by_label,
)
from winnow.stages import Clusterer, Study
from winnow.streams import Streams
from winnow.study._cluster_quality import fit_and_measure
from winnow.types import Dataset


@dataclass(frozen=True)
class NeuralClustering(Study):
    """`neural` and k-means at several numbers of clusters; medians over the repetitions.

    Parameters
    ----------
    ks
        Numbers of clusters.
    rounds
        Largest number of rounds of `neural`.
    steps
        Training steps of `neural` in each round.
    """

    ks: tuple[Annotated[int, Field(ge=1)], ...] = (2,)
    rounds: Annotated[int, Field(ge=1)] = 30
    steps: Annotated[int, Field(ge=1)] = 50

    def run(self, dataset: Dataset, *, seed: int, seeds: int, folder: Path) -> str:
        X = flatten(dataset.x)
        if X.shape[1] == 2:
            rounds = self._neural(self.ks[0]).rounds_on(X, Streams(seed, 0).seed("cluster"))
            animate(X, list(rounds), folder / "neural_clustering.gif")
        methods = [pair for k in self.ks for pair in (("neural", self._neural(k)), ("k-means", Sklearn(k)))]
        records = []
        for name, method in methods:
            repeated = [
                _measured(method, X, dataset.y, Streams(seed, r).seed("cluster")) for r in range(seeds)
            ]
            records.append(
                {"method": name, "k": method.k} | median_of_repetitions(repeated, spread="inertia")
            )
        return save_table(records, folder / "neural_clustering.csv")

    def _neural(self, k: int) -> Neural:
        return Neural(k, rounds=self.rounds, steps=self.steps)


def _measured(method: Clusterer, X: ndarray, y: ndarray, seed: int) -> dict[str, float]:
    clustering, quality, seconds = fit_and_measure(method, X, y, seed)
    return {
        "inertia": quality.inertia,
        "NMI": quality.nmi,
        "ARI": quality.ari,
        "majority label %": quality.accuracy,
        "empty": float(np.count_nonzero(clustering.sizes == 0)),
        "seconds": seconds,
    }


def animate(X: ndarray, rounds: list[Round], path: Path) -> None:
    """Write an animation of the rounds: half a second for each, three seconds for the last."""
    from PIL import Image

    pictures = []
    for number, (labels, centroids) in enumerate(rounds, start=1):
        figure, (axes,) = new_figure(1, width=5.0)
        scatter_by_label(axes, X, labels, "cluster")
        mark_centroids(axes, centroids, "centroids")
        axes.set(xlabel="feature 1", ylabel="feature 2", aspect="equal")
        axes.set_title(f"round {number} of {len(rounds)}")
        axes.legend(loc="upper left", fontsize="small")
        figure.canvas.draw()
        pictures.append(Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("P"))
    shown = [500] * (len(pictures) - 1) + [3000]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=shown, loop=0)
