"""Cluster with a network that classifies rows by the centroids it was trained on.

k random rows are the first centroids, labelled 0, 1, ... k - 1. In each round the network is trained on the
centroids and their labels, every row gets the label that the network predicts, and every centroid moves to
the mean of its rows; until no label changes. This is k-means with the nearest centroid replaced by a
prediction. No step lowers the inertia, and the network is trained on one example of each class: it should
lose to k-means in inertia and in time (MNIST at k=10: an inertia 10 % higher, and four times the time).

The loop is that of k-means: MacQueen, "Some methods for classification and analysis of multivariate
observations", 1967; training on labels that the method assigns itself: Caron et al., "Deep clustering for
unsupervised learning of visual features", ECCV 2018. https://arxiv.org/abs/1807.05520
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._clustering import cluster_means, clustering_from_labels
from winnow.errors import InvalidValue
from winnow.model.mlp import MLP
from winnow.registry import default, option_of
from winnow.stages import Clusterer, Model, Wrapper
from winnow.streams import Streams
from winnow.types import Clustering

if TYPE_CHECKING:
    import torch

CHUNK = 4096  # rows predicted at once


class Round(NamedTuple):
    """The labels of one round, and the centroids that follow from them."""

    labels: Int64[ndarray, " n"]
    centroids: Float32[ndarray, "k d"]


@dataclass(frozen=True)
class Neural(Clusterer, Wrapper):
    """Rounds of training a network on the centroids and of labelling the rows by its predictions.

    The label of a row is the class that the network predicts, not always that of the nearest centroid. The
    centroid of an empty cluster moves to a random row.

    Parameters
    ----------
    k
        Number of clusters.
    model
        Option of `model`: the network, with its default settings except for `hidden`.
    hidden
        Number of units of each hidden layer of the network, where `model` is mlp.
    shape
        Shape of a row, (channels, height, width), for networks that take images; null: rows are vectors.
    rounds
        Largest number of rounds; fewer, if a round changes no label.
    steps
        Training steps of each round, all on the k centroids.
    learning_rate
        Learning rate of Adam.

    Examples
    --------
    >>> import numpy as np
    >>> Neural(k=1).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances
    array([6., 4., 4., 6.])
    """

    k: Annotated[int, Field(ge=1)]
    model: Annotated[str, option_of("model", but=())] = "mlp"
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (64,)
    shape: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    rounds: Annotated[int, Field(ge=1)] = 30
    steps: Annotated[int, Field(ge=1)] = 50
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-2

    @property
    def inner(self) -> Model:
        """The network."""
        if self.model == "mlp":
            return MLP(self.hidden)
        return default("model", self.model)

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        def find_clusters(centred: ndarray) -> tuple[ndarray, ndarray]:
            *_, last = self.rounds_on(centred, seed)
            # Means of the rows before scaling; an empty cluster has the random row it would continue with.
            centroids = cluster_means(centred, last.labels, empty=last.centroids)
            return centroids, last.labels

        return clustering_from_labels(X, self.k, find_clusters)

    def rounds_on(self, X: Float32[ndarray, "n d"], seed: int) -> Iterator[Round]:
        """Yield the result of every round until no label changes."""
        import torch

        rng = np.random.default_rng(seed)
        # One scale for all features keeps ratios of distances, and suits the initial weights of a network.
        scale = np.float32(X.std() or 1)
        rows = X / scale
        shape = self._shape_of(rows)
        centroids = rows[rng.choice(len(rows), size=self.k, replace=False)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = self.inner.build(shape, self.k)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        before = None
        for number in range(self.rounds):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(Streams(seed, number).seed("order"))  # for networks with dropout
                self._train(network, optimizer, centroids.reshape(-1, *shape))
            labels = _predicted_labels(network, rows.reshape(-1, *shape))
            restarts = rows[rng.integers(len(rows), size=self.k)]
            centroids = cluster_means(rows, labels, empty=restarts)
            yield Round(labels, centroids * scale)
            if before is not None and np.array_equal(labels, before):
                return
            before = labels

    def _shape_of(self, rows: ndarray) -> tuple[int, ...]:
        """Return the shape in which rows are passed to the network."""
        if self.shape is None:
            return rows.shape[1:]
        if math.prod(self.shape) != rows.shape[1]:
            raise InvalidValue(
                f"shape must hold the {rows.shape[1]} values of a row, got {list(self.shape)}",
                where="clusterer.shape",
                remedy="embedding=identity keeps all pixels of an image; shape is (channels, height, width)",
            )
        return self.shape

    def _train(
        self, network: "torch.nn.Module", optimizer: "torch.optim.Optimizer", centroids: ndarray
    ) -> None:
        import torch
        from torch.nn.functional import cross_entropy

        from winnow.network.fit import fit

        batch = torch.from_numpy(centroids), torch.arange(self.k)
        fit(
            network.train(),
            lambda network, batch: cross_entropy(network(batch[0]), batch[1]),
            repeat(batch, self.steps),
            steps=self.steps,
            optimizer=optimizer,
        )


def _predicted_labels(network: "torch.nn.Module", rows: Float32[ndarray, "n ..."]) -> Int64[ndarray, " n"]:
    import torch

    from winnow.network.predict import predict

    return predict(network, (torch.from_numpy(rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)))
