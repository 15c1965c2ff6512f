"""Compare mini-batch k-means at several numbers of clusters with k-means, on the pixels of images.

Inertia always falls with k, so on the rows that were clustered the largest k always wins; a tenth of the
training rows is held out to see whether more clusters still describe rows that were not clustered. Labels
are used afterwards: every cluster takes the commonest label of its rows, and is then a classifier.

Reference: Sculley, "Web-scale k-means clustering", WWW 2010.
"""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
from numpy import ndarray
from pydantic import Field

from winnow.clusterer.minibatch import MiniBatch
from winnow.clusterer.sklearn import Sklearn
from winnow.embedding.identity import flatten
from winnow.report.style import COLOURS, Record, panels, save_table, summary
from winnow.stages import Clusterer, Study
from winnow.streams import stream, stream_seed
from winnow.study._quality import Quality, assigned, majority_labels
from winnow.types import Clustering, Dataset


@dataclass(frozen=True)
class MiniBatchMNIST(Study):
    """k-means at `full_k` and mini-batch k-means at every k in `ks`; medians over the repetitions."""

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
                order = stream(seed, repetition, "validation").permutation(len(X))
                held, fitted = np.split(order, [round(self.held_out * len(X))])
                parts = {"held-out": X[np.sort(held)], "test": X_test}
                fitted = np.sort(fitted)
                cluster_seed = stream_seed(seed, repetition, "cluster")
                repeated.append(
                    _judged(method, X[fitted], dataset.y[fitted], parts, dataset.y_test, cluster_seed)
                )
            records.append({"method": name, "k": method.k} | summary(repeated, spread="test %"))
        text = save_table(records, folder / "minibatch_mnist.csv")
        _draw_elbow(records[1:], records[0], folder / "minibatch_mnist.png")
        return f"{text}\n{_best(records[1:])}"


def _judged(
    method: Clusterer,
    X: ndarray,
    y: ndarray,
    parts: dict[str, ndarray],
    y_test: ndarray,
    seed: int,
) -> dict[str, float]:
    started = perf_counter()
    clustering = method.fit(X, seed=seed)
    seconds = perf_counter() - started
    quality = Quality.of(clustering, y)
    others: dict[str, Clustering] = {name: assigned(rows, clustering) for name, rows in parts.items()}
    predicted = majority_labels(clustering, y)[others["test"].labels]
    return {
        "seconds": seconds,
        "inertia": quality.inertia,
        # Per row, so that parts of different size can be compared.
        "inertia/row": quality.inertia / len(X),
        **{f"{name} inertia/row": float(np.mean(part.distances**2)) for name, part in others.items()},
        "train %": quality.accuracy,
        "test %": 100 * float(np.mean(predicted == y_test)),
        "NMI": quality.nmi,
        "ARI": quality.ari,
    }


def _best(records: list[Record]) -> str:
    """Say which k is best by each measure, and what it is worth on the test rows."""
    lines = []
    for measure in ("inertia/row", "held-out inertia/row"):
        best = min(records, key=lambda record: record[measure])
        lines.append(
            f"best k by {measure}: {best['k']} ({best[measure]:.2f}; on the test rows "
            f"{best['test inertia/row']:.2f})"
        )
    return "\n".join(lines)


def _draw_elbow(records: list[Record], full: Record, path: Path) -> None:
    figure, (inertia, accuracy) = panels(2, width=5.0)
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
    figure.savefig(path, dpi=150)
