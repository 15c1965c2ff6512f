"""Compare mini-batch k-means at several numbers of clusters with k-means, on the pixels of images.

The inertia of the clustered rows always falls with k. A part of the training rows is held out to see
whether it falls for rows that were not clustered, too. Labels are used only afterwards: the most frequent
label of each cluster makes the clustering a classifier.

Reference: Sculley, "Web-scale k-means clustering", WWW 2010.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.clusterer.minibatch import MiniBatch
from winnow.clusterer.sklearn import Sklearn
from winnow.embedding.identity import flatten
from winnow.report.style import COLOURS, TableRow, median_of_repetitions, new_figure, save_figure, save_table
from winnow.stages import Clusterer, Study
from winnow.streams import Streams
from winnow.study._cluster_quality import assign_to_nearest, fit_and_measure, majority_labels
from winnow.types import Dataset


@dataclass(frozen=True)
class MiniBatchMNIST(Study):
    """k-means and mini-batch k-means at several numbers of clusters; medians over the repetitions.

    Parameters
    ----------
    full_k
        Number of clusters of k-means.
    ks
        Numbers of clusters of mini-batch k-means.
    held_out
        Share of the training rows that are not clustered.
    """

    full_k: Annotated[int, Field(ge=1)] = 10
    ks: tuple[Annotated[int, Field(ge=1)], ...] = (10, 16, 64, 256)
    held_out: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.1

    def run(self, dataset: Dataset, *, seed: int, seeds: int, folder: Path) -> str:
        X, X_test = flatten(dataset.x), flatten(dataset.x_test)
        methods = [("k-means", Sklearn(self.full_k)), *(("mini-batch", MiniBatch(k)) for k in self.ks)]
        records = []
        for name, method in methods:
            repeated = []
            for repetition in range(seeds):
                fitted, held = self._split(len(X), Streams(seed, repetition).rng("validation"))
                parts = {"held-out": X[held], "test": X_test}
                cluster_seed = Streams(seed, repetition).seed("cluster")
                repeated.append(
                    _measured(method, X[fitted], dataset.y[fitted], parts, dataset.y_test, cluster_seed)
                )
            records.append({"method": name, "k": method.k} | median_of_repetitions(repeated, spread="test %"))
        text = save_table(records, folder / "minibatch_mnist.csv")
        _draw_elbow(records[1:], records[0], folder / "minibatch_mnist.png")
        return f"{text}\n{_best(records[1:])}"

    def _split(self, n: int, rng: Generator) -> tuple[ndarray, ndarray]:
        """Return the rows that are clustered, at least one, and those held out."""
        order, held = rng.permutation(n), min(round(self.held_out * n), n - 1)
        return np.sort(order[held:]), np.sort(order[:held])


def _measured(
    method: Clusterer,
    X: ndarray,
    y: ndarray,
    parts: dict[str, ndarray],
    y_test: ndarray,
    seed: int,
) -> dict[str, float]:
    clustering, quality, seconds = fit_and_measure(method, X, y, seed)
    others = {name: assign_to_nearest(rows, clustering) for name, rows in parts.items()}
    predicted = majority_labels(clustering, y)[others["test"].labels]
    return {
        "seconds": seconds,
        "inertia": quality.inertia,
        # Per row, so that sets of different size can be compared.
        "inertia/row": quality.inertia / len(X),
        **{f"{name} inertia/row": float(np.mean(part.distances**2)) for name, part in others.items()},
        "train %": quality.accuracy,
        "test %": 100 * float(np.mean(predicted == y_test)),
        "NMI": quality.nmi,
        "ARI": quality.ari,
    }


def _best(records: list[TableRow]) -> str:
    """Say which k has the lowest inertia per row, and what its inertia is on the test rows."""
    lines = []
    for measure in ("inertia/row", "held-out inertia/row"):
        best = min(records, key=lambda record: record[measure])
        lines.append(
            f"best k by {measure}: {best['k']} ({best[measure]:.2f}; on the test rows "
            f"{best['test inertia/row']:.2f})"
        )
    return "\n".join(lines)


def _draw_elbow(records: list[TableRow], full: TableRow, path: Path) -> None:
    figure, (inertia, accuracy) = new_figure(2, width=5.0)
    ks = [record["k"] for record in records]
    for number, (name, label) in enumerate(
        (("inertia/row", "rows clustered"), ("held-out inertia/row", "held-out rows"))
    ):
        values = [record[name] for record in records]
        inertia.plot(
            ks,
            values,
            marker="os"[number],
            linestyle=("-", "--")[number],
            color=COLOURS[number],
            label=f"mini-batch, {label}",
        )
    inertia.plot(full["k"], full["inertia/row"], "k*", markersize=12, label="k-means, rows clustered")
    inertia.set_ylabel("inertia per row, pixels in [0, 1]")
    accuracy.plot(ks, [r["test %"] for r in records], "o-", color=COLOURS[0], label="mini-batch, test rows")
    accuracy.plot(full["k"], full["test %"], "k*", markersize=12, label="k-means, test rows")
    accuracy.set_ylabel("accuracy of majority labels, %")
    for axes in (inertia, accuracy):
        axes.set_xscale("log", base=2)
        axes.set_xticks(ks, [str(k) for k in ks])
        axes.set_xlabel("number of clusters k")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    save_figure(figure, path, dpi=150)
