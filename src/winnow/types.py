"""The values that flow through winnow, and what each stage promises. Read this first.

    Dataset -> Embedding -> X -> Clusterer -> Clustering -> Selector -> Subset -> Trainer -> Trained

Values are frozen and check themselves once, when they are made. Stages are frozen dataclasses: their
fields are hyper-parameters, their methods return a value and change nothing, and their `repr` is their
identity in cache keys, tags and provenance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped
from numpy import ndarray
from numpy.random import Generator

from winnow.errors import InvalidValue

if TYPE_CHECKING:
    import torch

_NO_NOTES: Mapping[str, Any] = {}


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled training set and the test set that judges it.

    `x` and `x_test` are images, uint8 (n, channels, height, width), or features, float32 (n, d);
    `classes` names the labels 0, 1, ... in order.
    """

    name: str
    x: Shaped[ndarray, "n ..."]
    y: Int64[ndarray, " n"]
    x_test: Shaped[ndarray, "m ..."]
    y_test: Int64[ndarray, " m"]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        for part, x, y in (("training", self.x, self.y), ("test", self.x_test, self.y_test)):
            _require(len(x) == len(y), f"{part} images and labels must match, got {len(x)} and {len(y)}")
            _require(len(y) > 0, f"the {part} set must hold at least one row, got 0")
            low, high = int(y.min()), int(y.max())
            _require(
                low >= 0 and high < len(self.classes),
                f"{part} labels must lie in [0, {len(self.classes) - 1}], got {low if low < 0 else high}",
            )
            _require_finite(x, f"the {part} set")
        _require(
            self.x.shape[1:] == self.x_test.shape[1:] and self.x.dtype == self.x_test.dtype,
            f"test rows must look like training rows, got {self.x_test.dtype}{self.x_test.shape[1:]} "
            f"against {self.x.dtype}{self.x.shape[1:]}",
        )

    @property
    def n(self) -> int:
        """Number of training rows."""
        return len(self.y)

    @cached_property
    def moments(self) -> tuple[Float64[ndarray, " c"], Float64[ndarray, " c"]]:
        """Mean and standard deviation of every channel (images) or feature over the training set.

        A channel that never varies gets the deviation 1, so that dividing by it changes nothing.
        """
        axes = (0, 2, 3) if self.x.ndim == 4 else (0,)
        # Sums are taken about the first row: far from zero, squares would cancel.
        origin = self.x[:1].mean(axis=axes, keepdims=True, dtype=np.float64)
        total, squares = np.zeros((2, self.x.shape[1]))
        # In chunks: a float copy of all images would be eight times their size.
        for start in range(0, self.n, 4096):
            rows = self.x[start : start + 4096] - origin
            total, squares = total + rows.sum(axis=axes), squares + (rows**2).sum(axis=axes)
        count = self.x.size / self.x.shape[1]
        deviation = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))
        mean = origin.ravel() + total / count
        return mean, np.where(deviation > 0, deviation, 1.0)

    @cached_property
    def checksum(self) -> str:
        """sha256 of every array in row order: permuted rows are another data set."""
        digest = sha256(repr((self.name, self.classes)).encode())
        for array in (self.x, self.y, self.x_test, self.y_test):
            digest.update(repr((array.dtype.str, array.shape)).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Clustering:
    """Every row's cluster and its Euclidean distance to that cluster's centroid; clusters may be empty."""

    centroids: Float32[ndarray, "k d"]
    labels: Int64[ndarray, " n"]
    distances: Float64[ndarray, " n"]

    def __post_init__(self) -> None:
        k, n = len(self.centroids), len(self.labels)
        _require(len(self.distances) == n, f"distances must have {n} rows, got {len(self.distances)}")
        if n:
            low, high = int(self.labels.min()), int(self.labels.max())
            _require(
                low >= 0 and high < k,
                f"cluster labels must lie in [0, {k - 1}], got {low if low < 0 else high}",
            )
        _require(
            bool(np.isfinite(self.distances).all() and (self.distances >= 0).all()),
            "distances must be finite and not negative",
        )

    @property
    def k(self) -> int:
        """Number of clusters, empty ones included."""
        return len(self.centroids)

    @cached_property
    def sizes(self) -> Int64[ndarray, " k"]:
        """Number of rows in each cluster."""
        return np.bincount(self.labels, minlength=self.k).astype(np.int64)

    @cached_property
    def members(self) -> list[Int64[ndarray, " _"]]:
        """The rows of each cluster, in ascending order."""
        by_cluster = np.argsort(self.labels, kind="stable")
        return np.split(by_cluster, self.sizes.cumsum()[:-1])


@dataclass(frozen=True, eq=False)
class Subset:
    """The kept rows: strictly increasing indices, their loss weights, and notes on how they were chosen."""

    indices: Int64[ndarray, " m"]
    weights: Float32[ndarray, " m"]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require(
            bool((np.diff(self.indices) > 0).all()),
            "kept indices must be strictly increasing, got a repeated or unsorted index",
        )
        _require(
            len(self.indices) == 0 or int(self.indices[0]) >= 0,
            f"kept indices must not be negative, got {self.indices[:1]}",
        )
        _require(
            len(self.weights) == len(self.indices),
            f"weights must match the {len(self.indices)} indices, got {len(self.weights)}",
        )

    @classmethod
    def of(cls, indices: ndarray, provenance: Mapping[str, Any] = _NO_NOTES) -> "Subset":
        """Sort `indices` and give every row the weight 1.

        >>> Subset.of(np.array([4, 1])).indices
        array([1, 4])
        """
        ordered = np.sort(np.asarray(indices, dtype=np.int64))
        return cls(ordered, np.ones(len(ordered), dtype=np.float32), dict(provenance))

    def __len__(self) -> int:
        return len(self.indices)


@dataclass(frozen=True, eq=False)
class Dynamics:
    """What a network made of every training row while it learnt them all: its logits, epoch after epoch.

    `gradient_norms` are those of each row's loss after an early epoch, where they were asked for.
    """

    logits: Float32[ndarray, "epochs n classes"]
    gradient_norms: Float32[ndarray, " n"] | None = None

    def __post_init__(self) -> None:
        _require(len(self.logits) > 0, "dynamics must hold at least one epoch, got 0")
        _require(all(np.isfinite(epoch).all() for epoch in self.logits), "logits must be finite")
        if (norms := self.gradient_norms) is not None:
            _require(len(norms) == self.n, f"gradient norms must have {self.n} rows, got {len(norms)}")
            _require(bool(np.isfinite(norms).all()), "gradient norms must be finite")

    @property
    def n(self) -> int:
        """Number of training rows."""
        return self.logits.shape[1]

    def of(self, rows: Int64[ndarray, " m"]) -> "Dynamics":
        """Return the dynamics of some of the rows."""
        norms = self.gradient_norms
        return Dynamics(self.logits[:, rows], None if norms is None else norms[rows])


@dataclass(frozen=True, eq=False)
class Trained:
    """What one training leaves behind: its answer to every test image, its loss curve, and its cost."""

    predictions: Int64[ndarray, " m"]
    losses: Float32[ndarray, " steps"]
    seconds: float


@runtime_checkable
class Source(Protocol):
    """A data set on disk (group `dataset`)."""

    def load(self) -> Dataset:
        """Read and verify the data.

        Raises
        ------
        DatasetUnavailable
            Naming the folder, the files that are missing or damaged, and what to do.
        """
        ...


@runtime_checkable
class Embedding(Protocol):
    """Turns images into vectors in which distance means something (group `embedding`)."""

    @property
    def worth_caching(self) -> bool:
        """Whether reading the vectors from disk is quicker than embedding again."""
        return True

    def fit_transform(self, x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
        """Learn from all rows of `x` (uint8 images or float32 features), without labels, and embed them."""
        ...


@runtime_checkable
class Clusterer(Protocol):
    """Groups rows of X into k clusters (group `clusterer`)."""

    k: int

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        """Cluster the rows of `X`; the same `X` and `seed` give the same clustering.

        Raises
        ------
        InvalidValue
            If k > n, or if X is empty, not finite, or so large that its squares would overflow.
        """
        ...


@runtime_checkable
class Selector(Protocol):
    """Chooses the rows worth keeping (group `selector`).

    Returns exactly `budget` rows, always, empty clusters and duplicates included: anything else makes a
    comparison unfair. Equal scores fall to the lower row number unless `rng` breaks them. Never touches
    the global random state or its inputs. What a selector does not declare it does not get: without
    `needs_clustering`, `clustering` is None; without that and `needs_embedding`, `X` has no columns;
    without `reads_all_labels`, `y` is -1 in every place. `keeps_everything` asks to be called with
    `budget` = n.

    With `needs_dynamics`, `select` is given one more keyword, `dynamics`: a `Dynamics` of all rows, for
    which a network has read all labels, so that `reads_all_labels` must be declared too. With
    `needs_gradients` besides, they hold the gradient norms.
    """

    needs_clustering: ClassVar[bool] = True
    needs_embedding: ClassVar[bool] = False
    reads_all_labels: ClassVar[bool] = False
    keeps_everything: ClassVar[bool] = False
    needs_dynamics: ClassVar[bool] = False
    needs_gradients: ClassVar[bool] = False

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering | None,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        """Choose `budget` of the n rows.

        Raises
        ------
        InvalidValue
            If `budget` is negative or exceeds n.
        """
        ...


@runtime_checkable
class Wrapper(Protocol):
    """A stage that hands its work to another, whose code is therefore part of its identity."""

    @property
    def inner(self) -> Any:
        """The stage at work."""
        ...


@runtime_checkable
class Model(Protocol):
    """A network to be trained (group `model`)."""

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        """Return a freshly initialised network for inputs of `shape` (without the batch dimension)."""
        ...


@runtime_checkable
class Augment(Protocol):
    """Random distortions of a whole batch of training images (group `augment`)."""

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        """Return a distorted copy of `images`, drawing only from `generator`."""
        ...


@runtime_checkable
class Trainer(Protocol):
    """Trains a network on the kept rows and reads the test set once (group `trainer`)."""

    def train(
        self,
        dataset: Dataset,
        subset: Subset,
        model: Model,
        augment: Augment,
        *,
        seed: int,
        repetition: int,
    ) -> Trained:
        """Train on `subset` with the streams init, order and augment of (seed, repetition)."""
        ...

    @property
    def trains_together(self) -> bool:
        """Whether repetitions shall be trained by `train_together`, rather than one by one."""
        return False

    def train_together(
        self,
        dataset: Dataset,
        subsets: Sequence[Subset],
        model: Model,
        augment: Augment,
        *,
        seed: int,
        repetitions: Sequence[int],
    ) -> list[Trained | InvalidValue]:
        """Train as `train` would on each of the equally large subsets, all at once.

        Returns, in place of a training that went wrong, the error to raise: the others are none the worse.
        """
        ...


@runtime_checkable
class Observer(Protocol):
    """Watches a network learn all rows, so that selectors can score them by it (group `dynamics`)."""

    def observe(
        self,
        dataset: Dataset,
        model: Model,
        *,
        seed: int,
        gradients: bool = False,
        description: str | None = None,
    ) -> Dynamics:
        """Train a network on all training rows, with their labels, and record what it makes of each.

        With `gradients`, only as far as the gradient norms take. A `description` shows a progress bar.
        """
        ...


@runtime_checkable
class Study(Protocol):
    """Shows how a method works on a data set, in figures and tables (group `study`).

    It takes the place of the training, unless it `illustrates` one.
    """

    illustrates: ClassVar[bool] = False

    def run(self, dataset: Dataset, *, seed: int, seeds: int, folder: Path) -> str:
        """Write figures and tables to `folder`, and return what a person reads at the end.

        `seeds` repetitions where chance plays a part, all derived from `seed`.
        """
        ...


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise InvalidValue(rule)


def _require_finite(x: ndarray, name: str) -> None:
    if np.issubdtype(x.dtype, np.floating) and not (finite := np.isfinite(x)).all():
        bad = np.argwhere(~finite)
        raise InvalidValue(
            f"Input X contains NaN or infinity: {len(bad)} values in {name}, the first in row {bad[0][0]}",
            remedy="drop or fill these rows before winnow reads them",
        )
