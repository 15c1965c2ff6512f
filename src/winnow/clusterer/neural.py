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

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from winnow.clusterer._contract import means_of, partition
from winnow.errors import InvalidValue
from winnow.model.mlp import MLP
from winnow.stages import Clusterer, Model, Wrapper
from winnow.streams import stream_seed
from winnow.types import Clustering

if TYPE_CHECKING:
    import torch

CHUNK = 4096


class Round(NamedTuple):
    """Where the rows were put in one round, and the centroids that follow from it."""

    labels: Int64[ndarray, " n"]
    centroids: Float32[ndarray, "k d"]


def _known(option: str) -> str:
    options = sorted(path.stem for path in Path(__file__).parents[1].glob("model/[!_]*.py"))
    if option not in options:
        raise PydanticCustomError("option", "Input should be one of {options}", {"options": options})
    return option


@dataclass(frozen=True)
class Neural(Clusterer, Wrapper):
    """A network that is taught `steps` times on the centroids each round.

    It is fully connected, with layers of the widths in `hidden`, or any other `model` by its name, with its
    default settings. A network for images needs their `shape`, (channels, height, width), because rows are
    vectors here. Rows belong to the class that the network finds most likely, not always to the nearest
    centroid. It ends when no row changes sides, or after `rounds`. A cluster left empty starts again from a
    random row.

    >>> import numpy as np
    >>> Neural(k=1).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances
    array([6., 4., 4., 6.])
    """

    k: Annotated[int, Field(ge=1)]
    model: Annotated[str, AfterValidator(_known)] = "mlp"
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (64,)
    shape: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    rounds: Annotated[int, Field(ge=1)] = 30
    steps: Annotated[int, Field(ge=1)] = 50
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-2

    @property
    def inner(self) -> Model:
        """The network at work."""
        if self.model == "mlp":
            return MLP(self.hidden)
        module = import_module(f"winnow.model.{self.model}")
        kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and Model in kind.__mro__]
        return next(kind() for kind in kinds if kind.__module__ == module.__name__)

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
        shape = self._shape_of(rows)
        centroids = rows[rng.choice(len(rows), size=self.k, replace=False)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = self.inner.build(shape, self.k)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        before = None
        for number in range(self.rounds):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(stream_seed(seed, number, "order"))  # for networks with dropout
                self._teach(network, optimizer, centroids.reshape(-1, *shape))
            labels = _opinion(network, rows.reshape(-1, *shape))
            restarts = rows[rng.integers(len(rows), size=self.k)]
            centroids = means_of(rows, labels, empty=restarts)
            yield Round(labels, centroids * scale)
            if before is not None and np.array_equal(labels, before):
                return
            before = labels

    def _shape_of(self, rows: ndarray) -> tuple[int, ...]:
        """The shape in which the network sees a row."""
        if self.shape is None:
            return rows.shape[1:]
        if math.prod(self.shape) != rows.shape[1]:
            raise InvalidValue(
                f"shape must hold the {rows.shape[1]} values of a row, got {list(self.shape)}",
                where="clusterer.shape",
                remedy="embedding=identity keeps all pixels of an image; shape is (channels, height, width)",
            )
        return self.shape

    def _teach(
        self, network: "torch.nn.Module", optimizer: "torch.optim.Optimizer", centroids: ndarray
    ) -> None:
        import torch
        from torch.nn.functional import cross_entropy

        from winnow.network.fit import fit

        lesson = torch.from_numpy(centroids), torch.arange(self.k)
        fit(
            network.train(),
            lambda network, batch: cross_entropy(network(batch[0]), batch[1]),
            repeat(lesson, self.steps),
            steps=self.steps,
            optimizer=optimizer,
        )


def _opinion(network: "torch.nn.Module", rows: Float32[ndarray, "n ..."]) -> Int64[ndarray, " n"]:
    import torch

    from winnow.network.predict import predict

    return predict(network, (torch.from_numpy(rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)))
