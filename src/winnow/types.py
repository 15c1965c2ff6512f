"""The values that flow through winnow, from stage to stage. Read this first, then `stages.py`.

    Dataset -> Embedding -> X -> Clusterer -> Clustering -> Pool -> Selector -> Subset -> Trainer -> Trained

Values are frozen and check themselves once, when they are made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.rows.checksum import checksum_of
from winnow.rows.moments import moments_of
from winnow.rows.row_array import RowArray
from winnow.rows.usable import require_usable

Origin = Literal["file", "row"]
_NO_NOTES: Mapping[str, Any] = {}


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled training set and the test set that judges it.

    `x` and `x_test` are images, uint8 (n, channels, height, width), or features, float32 (n, d);
    `classes` names the labels 0, 1, ... in order. `origins` and `test_origins` say where each row comes from,
    where that is known: paths below the data set's folder or, if `origin` is "row", rows of a table or an
    array. They tell which rows were set aside for testing, and are no part of the checksum.
    """

    name: str
    x: Shaped[RowArray, "n ..."]
    y: Int64[ndarray, " n"]
    x_test: Shaped[RowArray, "m ..."]
    y_test: Int64[ndarray, " m"]
    classes: tuple[str, ...]
    origins: Sequence[str] | None = None
    test_origins: Sequence[str] | None = None
    origin: Origin = "file"

    def __post_init__(self) -> None:
        for part, x, y, origins in (
            ("training", self.x, self.y, self.origins),
            ("test", self.x_test, self.y_test, self.test_origins),
        ):
            known = len(y) if origins is None else len(origins)
            _require(known == len(y), f"every {part} row must have an origin, got {known} for {len(y)} rows")
            _require(len(x) == len(y), f"{part} images and labels must match, got {len(x)} and {len(y)}")
            _require(len(y) > 0, f"the {part} set must hold at least one row, got 0")
            low, high = int(y.min()), int(y.max())
            _require(
                low >= 0 and high < len(self.classes),
                f"{part} labels must lie in [0, {len(self.classes) - 1}], got {low if low < 0 else high}",
            )
            require_usable(x, f"the {part} set")
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
        return moments_of(self.x)

    @cached_property
    def checksum(self) -> str:
        """sha256 of every array in row order: permuted rows are another data set."""
        return checksum_of(self.name, self.classes, self.x, self.y, self.x_test, self.y_test)


@dataclass(frozen=True, eq=False)
class Rows:
    """What choosing reads of a data set: rows, with labels or (`y` None) without, and no test set.

    >>> Rows("toy", np.zeros((3, 2), np.float32)).n
    3
    """

    name: str
    x: Shaped[RowArray, "n ..."]
    y: Int64[ndarray, " n"] | None = None
    classes: tuple[str, ...] = ()
    origins: Sequence[str] | None = None
    origin: Origin = "file"

    def __post_init__(self) -> None:
        _require(self.n > 0, "there must be at least one row to choose from, got 0")
        for name, values in (("label", self.y), ("origin", self.origins)):
            given = self.n if values is None else len(values)
            _require(given == self.n, f"every row must have one {name}, got {given} for {self.n} rows")
        require_usable(self.x, "the rows to choose from")

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.x)

    @cached_property
    def checksum(self) -> str:
        """sha256 of every array in row order."""
        return checksum_of(self.name, self.classes, self.x, *([] if self.y is None else [self.y]))

    def to_learn(self) -> Dataset:
        """Return the labelled rows as a training set for a network that is not judged: row 0 is its test."""
        if self.y is None:
            raise InvalidValue("rows must have labels for a network to learn them, got none")
        return Dataset(self.name, self.x, self.y, self.x[:1], self.y[:1], self.classes)


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
    def n(self) -> int:
        """Number of rows."""
        return len(self.labels)

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

    @property
    def crowding(self) -> dict[str, int]:
        """Numbers of clusters in which a selector has no choice: those of no row and of one.

        >>> Clustering(np.zeros((3, 1), np.float32), np.array([0, 2, 2]), np.zeros(3)).crowding
        {'empty_clusters': 1, 'singleton_clusters': 1}
        """
        return {
            "empty_clusters": int(np.count_nonzero(self.sizes == 0)),
            "singleton_clusters": int(np.count_nonzero(self.sizes == 1)),
        }

    def take(self, rows: Int64[ndarray, " m"]) -> "Clustering":
        """Return the same clusters with only some of their rows."""
        return Clustering(self.centroids, self.labels[rows], self.distances[rows])


@dataclass(frozen=True, eq=False)
class Subset:
    """The kept rows: strictly increasing indices, their loss weights, and notes on how they were chosen.

    `rounds` is the round, from 1, in which each was chosen, where that was not done at once.
    """

    indices: Int64[ndarray, " m"]
    weights: Float32[ndarray, " m"]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    rounds: Int64[ndarray, " m"] | None = None

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
        numbered = len(self.indices) if self.rounds is None else len(self.rounds)
        _require(
            numbered == len(self.indices),
            f"rounds must match the {len(self.indices)} indices, got {numbered}",
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
    """A network's logits for every training row at the end of each epoch of a training on all rows.

    `gradient_norms` are those of each row's loss by all weights after an early epoch, if they were computed.
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

    def take(self, rows: Int64[ndarray, " m"]) -> "Dynamics":
        """Return the dynamics of some of the rows."""
        norms = self.gradient_norms
        return Dynamics(self.logits[:, rows], None if norms is None else norms[rows])


@dataclass(frozen=True, eq=False)
class Predictions:
    """A trained network's probability of each class for every row.

    `features` are what its last layer reads of each row, if they were asked for.
    """

    probabilities: Float32[ndarray, "n classes"]
    features: Float32[ndarray, "n d"] | None = None

    def __post_init__(self) -> None:
        _require(bool(np.isfinite(self.probabilities).all()), "probabilities must be finite")
        if (features := self.features) is not None:
            _require(len(features) == self.n, f"features must have {self.n} rows, got {len(features)}")
            _require(bool(np.isfinite(features).all()), "features must be finite")

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.probabilities)

    @property
    def classes(self) -> Int64[ndarray, " n"]:
        """The most probable class of every row (ties: the lower number).

        >>> Predictions(np.float32([[0.2, 0.8], [0.5, 0.5]])).classes
        array([1, 0])
        """
        return self.probabilities.argmax(axis=1)

    def take(self, rows: Int64[ndarray, " m"]) -> "Predictions":
        """Return the predictions for some of the rows."""
        return Predictions(self.probabilities[rows], None if self.features is None else self.features[rows])


@dataclass(frozen=True, eq=False)
class Trained:
    """What one training leaves behind: answers to all test images, the loss curve, its cost and device."""

    predictions: Int64[ndarray, " m"]
    losses: Float32[ndarray, " steps"]
    seconds: float
    device: str


@dataclass(frozen=True)
class Score:
    """What one repetition was worth.

    `accuracy` and `worst_class`, the accuracy on the class that is known least, are in percent;
    `rows_of_class` counts the kept rows of every class; `seconds` is what every step took when it was
    computed; `found` says that nothing was computed now.
    """

    accuracy: float
    worst_class: float
    rows_of_class: Sequence[int]
    seconds: Mapping[str, float]
    found: bool


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise InvalidValue(rule)
