"""What a selector may know of the rows that it chooses from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.types import Clustering, Dynamics, Predictions, Subset


@dataclass(frozen=True)
class Scale:
    """How large a choice is: `budget` of n rows, embedded in d values each, in k clusters.

    >>> Scale(60_000, d=64, budget=600, k=600).n
    60000
    """

    n: int
    d: int
    budget: int
    k: int


class Pool:
    """The n rows to choose from, and those of their properties that a selector declared as its needs.

    What was not given cannot be read, so no selector uses anything that it does not declare.

    Parameters
    ----------
    n : int
        Number of rows.
    X : float32 (n, d), optional
        Embedded rows.
    y : int64 (n,), optional
        Labels of all rows.
    clustering : Clustering, optional
        Clusters of the rows.
    dynamics : Dynamics, optional
        Logits of a network for every row while it was trained on all of them, with their labels.
    gradient_norms : float32 (n,), optional
        Norm of the gradient of every row's loss, by all weights of that network, after an early epoch.
    labels_of_kept : LabelsOfKept, optional
        Labels of rows that are kept because they were read.
    learner : Learner, optional
        A network that learns some of the rows and predicts the classes of all.

    Raises
    ------
    InvalidValue
        If a property does not have n rows, or is read without having been given.

    Examples
    --------
    >>> import numpy as np
    >>> pool = Pool(3, y=np.array([0, 1, 1]))
    >>> pool.take(np.array([0, 2])).y
    array([0, 1])
    >>> pool.X
    Traceback (most recent call last):
    winnow.errors.InvalidValue: needs must name X for a selector to read it, got y
    """

    def __init__(
        self,
        n: int,
        *,
        X: Float32[ndarray, "n d"] | None = None,
        y: Int64[ndarray, " n"] | None = None,
        clustering: Clustering | None = None,
        dynamics: Dynamics | None = None,
        gradient_norms: Float32[ndarray, " n"] | None = None,
        labels_of_kept: "LabelsOfKept | None" = None,
        learner: "Learner | None" = None,
    ) -> None:
        parts: dict[str, Any] = {
            "X": X,
            "y": y,
            "clustering": clustering,
            "dynamics": dynamics,
            "gradient_norms": gradient_norms,
            "labels_of_kept": labels_of_kept,
            "learner": learner,
        }
        self._n, self._parts = n, {name: part for name, part in parts.items() if part is not None}
        for name, part in self._parts.items():
            if (rows := _rows_of(part)) != n:
                raise InvalidValue(f"{name} must have the {n} rows of the pool, got {rows}")

    @property
    def n(self) -> int:
        """Number of rows."""
        return self._n

    @property
    def X(self) -> Float32[ndarray, "n d"]:  # noqa: N802 - the field's name for a data matrix
        """Embedded rows."""
        return self._read("X")

    @property
    def y(self) -> Int64[ndarray, " n"]:
        """Labels of all rows."""
        return self._read("y")

    @property
    def clustering(self) -> Clustering:
        """Clusters of the rows."""
        return self._read("clustering")

    @property
    def dynamics(self) -> Dynamics:
        """Logits of a network for every row during its training on all rows."""
        return self._read("dynamics")

    @property
    def gradient_norms(self) -> Float32[ndarray, " n"]:
        """Norm of the gradient of every row's loss."""
        return self._read("gradient_norms")

    @property
    def labels_of_kept(self) -> "LabelsOfKept":
        """Labels that are read row by row, by a selector that then keeps the row."""
        return self._read("labels_of_kept")

    @property
    def learner(self) -> "Learner":
        """A network that learns the rows, and their labels, that a selector hands to it."""
        return self._read("learner")

    def take(self, rows: Int64[ndarray, " m"]) -> "Pool":
        """Return the pool of some of the rows, numbered anew from 0 in the order of `rows`."""
        return Pool(len(rows), **{name: _take(part, rows) for name, part in self._parts.items()})

    def only(self, needs: Collection[str]) -> "Pool":
        """Return the same rows with no more than the named properties."""
        return Pool(self.n, **{name: part for name, part in self._parts.items() if name in needs})

    def checked(self, subset: Subset, budget: int) -> Subset:
        """Return what a selector chose from this pool, if it is `budget` of its rows.

        Raises
        ------
        InvalidValue
            If it is another number of rows, one of them is none of the pool's, or the label of a row that is
            not kept was read through `labels_of_kept`.
        """
        if len(subset) != budget or subset.indices.max(initial=0) >= self.n:
            raise InvalidValue(f"selector must keep exactly {budget} of {self.n} rows, got {len(subset)}")
        if "labels_of_kept" in self._parts:
            others = np.setdiff1d(self.labels_of_kept.rows_read, subset.indices)
            if len(others):
                raise InvalidValue(
                    f"selector must keep every row whose label it read, got row {others[0]} left out",
                    remedy="a selector that reads the labels of other rows names y in its needs",
                )
        return subset

    def _read(self, name: str) -> Any:
        if name not in self._parts:
            given = ", ".join(self._parts) or "none"
            raise InvalidValue(f"needs must name {name} for a selector to read it, got {given}")
        return self._parts[name]


class LabelsOfKept:
    """Labels that are read row by row, by a selector that then has to keep the row: they cost nothing more.

    What was read is remembered, and `Pool.checked` refuses a choice that leaves such a row out.

    Parameters
    ----------
    n : int
        Number of rows.
    y : int64 (n,), optional
        Labels of all rows, if they have any.

    Examples
    --------
    >>> labels = LabelsOfKept(3, np.array([0, 1, 1]))
    >>> labels.read(np.array([2, 0])), labels.rows_read
    (array([1, 0]), array([0, 2]))
    """

    def __init__(self, n: int, y: Int64[ndarray, " n"] | None = None) -> None:
        self._y, self._was_read = y, np.zeros(n, dtype=bool)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self._was_read)

    @property
    def known(self) -> bool:
        """Whether there are labels."""
        return self._y is not None

    @property
    def rows_read(self) -> Int64[ndarray, " m"]:
        """The rows whose labels were read, in ascending order."""
        return np.flatnonzero(self._was_read)

    def read(self, rows: Int64[ndarray, " m"]) -> Int64[ndarray, " m"]:
        """Return the labels of some rows, which are from then on to be kept.

        Raises
        ------
        InvalidValue
            If there are no labels.
        """
        if self._y is None:
            raise InvalidValue("the rows must have labels for a selector to read them, got none")
        self._was_read[rows] = True
        return self._y[rows]

    def take(self, rows: Int64[ndarray, " m"]) -> "LabelsOfKept":
        """Return the labels of some of the rows, of which none was read yet."""
        return LabelsOfKept(len(rows), None if self._y is None else self._y[rows])


@runtime_checkable
class Fit(Protocol):
    """Trains a network on some of n rows, and returns what it predicts for all of them."""

    def __call__(self, rows: Int64[ndarray, " m"], y: Int64[ndarray, " m"], *, features: bool) -> Predictions:
        """Learn `rows` with the labels `y`; `features` says whether those are wanted, too."""
        ...


class Learner:
    """Trains a network on some of n rows as often as it is asked to, each time from the same initial weights.

    It knows no labels but those that it is handed.

    Parameters
    ----------
    n : int
        Number of rows.
    fit : Fit
        Does the training.

    Examples
    --------
    >>> def always_the_first_label(rows, y, *, features):
    ...     return Predictions(np.tile(np.eye(2, dtype=np.float32)[y[0]], (3, 1)))
    >>> Learner(3, always_the_first_label).fit(np.array([2]), np.array([1])).classes
    array([1, 1, 1])
    """

    def __init__(self, n: int, fit: Fit) -> None:
        self._n, self._fit = n, fit

    @property
    def n(self) -> int:
        """Number of rows."""
        return self._n

    def fit(
        self, rows: Int64[ndarray, " m"], y: Int64[ndarray, " m"], *, features: bool = False
    ) -> Predictions:
        """Return what a network that learnt `rows` with the labels `y` predicts for all n rows."""
        return self._fit(rows, y, features=features)

    def take(self, rows: Int64[ndarray, " m"]) -> "Learner":
        """Return a learner of some of the rows, numbered anew."""

        def fit(some: ndarray, y: ndarray, *, features: bool) -> Predictions:
            return self._fit(rows[some], y, features=features).take(rows)

        return Learner(len(rows), fit)


def properties_of(arrays: Mapping[str, ndarray]) -> dict[str, Any]:
    """Return the properties of a pool that the arrays of an embedding, a clustering or dynamics are.

    >>> import numpy as np
    >>> list(properties_of({"logits": np.zeros((2, 3, 5), np.float32)}))
    ['dynamics', 'gradient_norms']
    """
    if "centroids" in arrays:
        return {"clustering": Clustering(**arrays)}
    if "logits" in arrays:
        return {"dynamics": Dynamics(**arrays), "gradient_norms": arrays.get("gradient_norms")}
    return dict(arrays)


Part = ndarray | Clustering | Dynamics | LabelsOfKept | Learner


def _rows_of(part: Part) -> int:
    return len(part) if isinstance(part, ndarray) else part.n


def _take(part: Part, rows: ndarray) -> Part:
    return part[rows] if isinstance(part, ndarray) else part.take(rows)
