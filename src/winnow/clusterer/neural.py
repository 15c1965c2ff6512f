"""Cluster with a network that learns its own clusters.

k rows are the first centroids, labelled 0, 1, ... k - 1. The network learns to tell them apart, says to
which of them each row belongs, and every centroid moves to the mean of the rows it was given; then the
network learns the new centroids, and so on until no row changes sides. It is k-means with the nearest
centroid replaced by a network's opinion. Nothing in it lowers the inertia, and the network has seen one
example of each class: expect boundaries that are smooth but arbitrary, and to lose to k-means on every
count (MNIST at k=10: an inertia 10 % higher, and four times the time).

The loop is that of k-means: MacQueen, "Some methods for classification and analysis of multivariate
observations", 1967; learning from labels one has assigned oneself: Caron et al., "Deep clustering for
unsupervised learning of visual features", ECCV 2018. https://arxiv.org/abs/1807.05520
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from pydantic import Field

from winnow.clustering import means_of, partition
from winnow.model.mlp import MLP
from winnow.types import Clusterer, Clustering

if TYPE_CHECKING:
    import torch

CHUNK = 4096


class Round(NamedTuple):
    """Where the rows were put in one round, and the centroids that follow from it."""

    labels: Int64[ndarray, " n"]
    centroids: Float32[ndarray, "k d"]


@dataclass(frozen=True)
class Neural(Clusterer):
    """Fully connected layers of the widths in `hidden`, taught `steps` times on the centroids each round.

    Rows belong to the class that the network finds most likely, not always to the nearest centroid. It
    ends when no row changes sides, or after `rounds`. A cluster left empty starts again from a random row.

    >>> import numpy as np
    >>> Neural(k=1).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances
    array([6., 4., 4., 6.])
    """

    k: Annotated[int, Field(ge=1)]
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (64,)
    rounds: Annotated[int, Field(ge=1)] = 30
    steps: Annotated[int, Field(ge=1)] = 50
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-2

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        def find_clusters(centred: ndarray) -> tuple[ndarray, ndarray]:
            *_, last = self.rounds_on(centred, seed)
            # The centroids of the final clusters; nothing will be taught them any more.
            centroids = means_of(centred, last.labels, empty=last.centroids)
            return centroids, last.labels

        return partition(X, self.k, find_clusters)

    def rounds_on(self, X: Float32[ndarray, "n d"], seed: int) -> Iterator[Round]:
        """Yield every round until no row changes sides; for those who want to watch."""
        import torch

        rng = np.random.default_rng(seed)
        # One scale for all features keeps the geometry, and suits a network's first weights.
        scale = np.float32(X.std() or 1)
        rows = X / scale
        centroids = rows[rng.choice(len(rows), size=self.k, replace=False)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = MLP(self.hidden).build(rows.shape[1:], self.k)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        before = None
        for _ in range(self.rounds):
            self._teach(network, optimizer, centroids)
            labels = _opinion(network, rows)
            restarts = rows[rng.integers(len(rows), size=self.k)]
            centroids = means_of(rows, labels, empty=restarts)
            yield Round(labels, centroids * scale)
            if before is not None and np.array_equal(labels, before):
                return
            before = labels

    def _teach(
        self, network: "torch.nn.Module", optimizer: "torch.optim.Optimizer", centroids: ndarray
    ) -> None:
        import torch
        from torch.nn.functional import cross_entropy

        from winnow.training import fit

        lesson = torch.from_numpy(centroids), torch.arange(self.k)
        fit(
            network.train(),
            lambda network, batch: cross_entropy(network(batch[0]), batch[1]),
            repeat(lesson, self.steps),
            steps=self.steps,
            optimizer=optimizer,
        )


def _opinion(network: "torch.nn.Module", rows: Float32[ndarray, "n d"]) -> Int64[ndarray, " n"]:
    import torch

    from winnow.training import predict

    return predict(network, (torch.from_numpy(rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)))
