"""A sampler for scikit-learn, in the way of imbalanced-learn: `fit_resample` keeps the rows worth keeping."""

from numbers import Real
from typing import Any

from jaxtyping import Int64
from numpy import ndarray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from winnow.api._plain import refuse_other_order
from winnow.api.choose import select


class Winnow(BaseEstimator):
    """Keep the part of a training set that is worth keeping.

    It learns nothing that could be used on other rows: in a pipeline of imbalanced-learn it takes part in
    `fit` and is passed over in `predict`.

    Parameters
    ----------
    budget : float, int or str
        How many rows to keep: a share from 0 to 1, a number of rows, or text such as "20%".
    selector : str
        Name of the selector.
    k : int or str, optional
        Number of clusters; 600, or a fifth of fewer than 3,000 rows, and no more than are kept.
    embedding : str
        Name of the embedding: "identity" takes the features as they are; "auto" is `pca`.
    seed : int
        Where all randomness starts.

    Attributes
    ----------
    sample_indices_ : int64 (m,)
        The kept rows.
    selection_ : Selection
        The same with clusters, distances and provenance.
    n_features_in_ : int
        Number of features.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    >>> y = np.array([0, 0, 0, 1, 1, 1])
    >>> sampler = Winnow(budget=2, selector="nearest", k=2, embedding="identity")
    >>> sampler.fit_resample(X, y)
    (array([[ 1.],
           [11.]]), array([0, 1]))
    """

    def __init__(
        self,
        budget: float | int | str | Real = 0.2,
        selector: str = "nearest",
        *,
        k: int | str | None = None,
        embedding: str = "auto",
        seed: int = 0,
    ) -> None:
        self.budget = budget
        self.selector = selector
        self.k = k
        self.embedding = embedding
        self.seed = seed

    def fit(self, X: Any, y: Any = None) -> "Winnow":
        """Choose rows of the features `X` (n, d); only some selectors need the labels `y`."""
        refuse_other_order(X, y)
        features = validate_data(self, X, dtype="numeric", ensure_min_samples=2)
        self.selection_ = select(features, y, self.budget, self.selector, self.embedding, self.seed, k=self.k)
        self.sample_indices_: Int64[ndarray, " m"] = self.selection_.indices
        return self

    def fit_resample(self, X: Any, y: Any = None) -> tuple[Any, Any]:
        """Return the kept rows of `X` and `y`, each of the kind that was handed in."""
        self.fit(X, y)
        kept = self.sample_indices_
        return _taken(X, kept), None if y is None else _taken(y, kept)


def _taken(values: Any, rows: Int64[ndarray, " m"]) -> Any:
    """Return some rows of an array, a table, a sparse matrix or a list."""
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    return values[rows] if hasattr(values, "shape") else [values[row] for row in rows.tolist()]
