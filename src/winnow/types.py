"""The values that flow through winnow, from stage to stage. Read this first, then `stages.py`.

    Dataset -> Embedding -> X -> Clusterer -> Clustering -> Pool -> Selector -> Subset -> Trainer -> Trained

Values are frozen and check themselves once, when they are made.
"""

import math
import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped
from numpy import ndarray

from winnow.errors import InvalidValue

LARGEST = 1e15
"""The largest value of a feature: its square, summed over many columns, still fits in float32."""
Origin = Literal["file", "row"]
_ROWS_AT_ONCE = 4096  # rows that are copied at once
_VALUES_AT_ONCE = 2**24  # values of wide rows that are: 64 MB as floats
_VALUES_OF_MOMENTS = 2**26  # last bits of the moments depend on it
_NO_NOTES: Mapping[str, Any] = {}


@runtime_checkable
class RowArray(Protocol):
    """Rows of one shape and type, whatever holds them: memory, a mapped file, or files read when asked for.

    Rows are asked for by a number, a slice or an array of numbers, and are arrays in memory then. All of them
    need not fit there, so nobody asks for all at once.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, then the shape of each."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""

    @property
    def ndim(self) -> int:
        """Number of axes, that of the rows among them."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...


def chunks_of(x: RowArray, rows: int = _ROWS_AT_ONCE, values: int = _VALUES_AT_ONCE) -> Iterator[slice]:
    """Divide `x` into slices of at most so many rows, fewer where they would have more than so many values.

    The pages of a mapped file that were read meanwhile are given back after each: they would stay in memory
    for the life of the map.

    >>> [part.stop for part in chunks_of(np.zeros((5, 2)), 2)]
    [2, 4, 5]
    """
    step = max(1, min(rows, values // max(1, math.prod(x.shape[1:]))))
    for start in range(0, len(x), step):
        yield slice(start, min(start + step, len(x)))
        give_back_pages(x)


@runtime_checkable
class HoldsPages(Protocol):
    """Rows that may lie in a mapped file."""

    def give_back_pages(self) -> None:
        """Give back the pages of the file that are in memory; they are read again when they are needed."""


def some_rows(x: RowArray, rows: Int64[ndarray, " m"], at_once: int = 64) -> Iterator[ndarray]:
    """Yield rows of these numbers one by one, and give back the pages that were read for them.

    Of a large file a page may be mapped with all of its neighbours, two megabytes for a row.
    """
    for start in range(0, len(rows), at_once):
        yield from np.array(x[rows[start : start + at_once]])
        give_back_pages(x)


def give_back_pages(x: RowArray) -> None:
    """Give back the pages of memory that a read-only mapped file takes, if `x` lies in one.

    Nothing changes but the memory of this process: what is asked for again comes from the system's cache.
    """
    if isinstance(x, HoldsPages):
        x.give_back_pages()
        return
    held: Any = x
    while isinstance(held, np.ndarray):
        if held.flags.writeable:
            return
        held = held.base
    if isinstance(held, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        held.madvise(mmap.MADV_DONTNEED)


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
            _require_usable(x, f"the {part} set")
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
        for part in chunks_of(self.x, values=_VALUES_OF_MOMENTS):
            rows = self.x[part] - origin
            total, squares = total + rows.sum(axis=axes), squares + (rows**2).sum(axis=axes)
        count = math.prod(self.x.shape) / self.x.shape[1]
        deviation = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))
        mean = origin.ravel() + total / count
        return mean, np.where(deviation > 0, deviation, 1.0)

    @cached_property
    def checksum(self) -> str:
        """sha256 of every array in row order: permuted rows are another data set."""
        return _checksum(self.name, self.classes, self.x, self.y, self.x_test, self.y_test)


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
        _require_usable(self.x, "the rows to choose from")

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.x)

    @cached_property
    def checksum(self) -> str:
        """sha256 of every array in row order."""
        return _checksum(self.name, self.classes, self.x, *([] if self.y is None else [self.y]))

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


def _checksum(name: str, classes: tuple[str, ...], *arrays: RowArray) -> str:
    digest = sha256(repr((name, classes)).encode())
    for array in arrays:
        digest.update(repr((array.dtype.str, array.shape)).encode())
        # In chunks: of images whose axes were turned, or of rows on disk, no copy of all is made.
        for part in chunks_of(array):
            digest.update(np.ascontiguousarray(array[part]).data)
    return digest.hexdigest()


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise InvalidValue(rule)


def _require_usable(x: RowArray, name: str) -> None:
    if not np.issubdtype(x.dtype, np.floating) or not math.prod(x.shape):
        return
    for part in chunks_of(x):
        # Needs no temporary array. A NaN fails the comparison, too.
        if not max(-(rows := x[part]).min(), rows.max()) <= LARGEST:
            _refuse_values(x, name)


def _refuse_values(x: RowArray, name: str) -> None:
    counts, first = 0, 0
    for part in chunks_of(x):
        rows = np.nonzero(~np.isfinite(x[part]))[0]
        first = first if counts or not len(rows) else part.start + int(rows[0])
        counts += len(rows)
    if counts:
        raise InvalidValue(
            f"Input X contains NaN or infinity: {counts} values in {name}, the first in row {first}",
            remedy="drop or fill these rows before winnow reads them",
        )
    part, places = next(
        (part, places) for part in chunks_of(x) if len(places := np.argwhere(np.abs(x[part]) > LARGEST))
    )
    at = tuple(places[0])
    raise InvalidValue(
        f"Input X must lie in [-{LARGEST:g}, {LARGEST:g}], got {x[part][at]:g} in row {part.start + at[0]} "
        f"of {name}",
        remedy="rescale the features before winnow reads them",
    )
