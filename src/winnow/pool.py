"""What a selector may know of the rows that it chooses from."""

from collections.abc import Collection, Mapping
from typing import Any

from jaxtyping import Float32, Int64
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.types import Clustering, Dynamics, Subset


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
    augmentation_strength : float, optional
        `strength` of the augmentation with which the kept rows will be trained; 0 without one.

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
        augmentation_strength: float | None = None,
    ) -> None:
        parts: dict[str, Any] = {
            "X": X,
            "y": y,
            "clustering": clustering,
            "dynamics": dynamics,
            "gradient_norms": gradient_norms,
            "augmentation_strength": augmentation_strength,
        }
        self._n, self._parts = n, {name: part for name, part in parts.items() if part is not None}
        for name in self._parts.keys() - {"augmentation_strength"}:
            if (rows := _rows_of(self._parts[name])) != n:
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
    def augmentation_strength(self) -> float:
        """`strength` of the augmentation; 0 without one."""
        return self._read("augmentation_strength")

    def take(self, rows: Int64[ndarray, " m"]) -> "Pool":
        """Return the pool of some of the rows, numbered anew from 0 in the order of `rows`."""
        parts = dict(self._parts)
        for name in parts.keys() - {"augmentation_strength"}:
            parts[name] = _take(parts[name], rows)
        return Pool(len(rows), **parts)

    def only(self, needs: Collection[str]) -> "Pool":
        """Return the same rows with no more than the named properties."""
        return Pool(self.n, **{name: part for name, part in self._parts.items() if name in needs})

    def checked(self, subset: Subset, budget: int) -> Subset:
        """Return what a selector chose from this pool, if it is `budget` of its rows.

        Raises
        ------
        InvalidValue
            If it is another number of rows, or one of them is none of the pool's.
        """
        if len(subset) != budget or subset.indices.max(initial=0) >= self.n:
            raise InvalidValue(f"selector must keep exactly {budget} of {self.n} rows, got {len(subset)}")
        return subset

    def _read(self, name: str) -> Any:
        if name not in self._parts:
            given = ", ".join(self._parts) or "none"
            raise InvalidValue(f"needs must name {name} for a selector to read it, got {given}")
        return self._parts[name]


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


def _rows_of(part: ndarray | Clustering | Dynamics) -> int:
    return len(part) if isinstance(part, ndarray) else part.n


def _take(part: ndarray | Clustering | Dynamics, rows: ndarray) -> ndarray | Clustering | Dynamics:
    return part[rows] if isinstance(part, ndarray) else part.take(rows)
