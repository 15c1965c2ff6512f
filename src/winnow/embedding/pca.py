"""Embed images by their principal components, the directions of largest variance.

On digits 64 components hold 86 % of the variance, k-means costs a tenth of what it costs on pixels, and no
embedding measured so far is clearly better once a few hundred images are kept. It should lose to learnt
embeddings at fewer than a hundred images, and on photographs, where the largest variance is that of the
lighting.

.. [1] Tipping and Bishop, "Probabilistic Principal Component Analysis", J. R. Statist. Soc. B, 1999,
   section 2. https://doi.org/10.1111/1467-9868.00196
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Float64, Shaped
from numpy import ndarray
from pydantic import Field

from winnow.embedding._whiten_normalize import ScaledEmbedding, normalized
from winnow.embedding.identity import CHUNK, flatten
from winnow.errors import InvalidValue, WinnowWarning
from winnow.types import LARGEST

WIDEST_COVARIANCE = 2048  # values in a row; wider covariance matrices take minutes
MOST_VALUES_COPIED = 2**28  # values of which a float copy, of 1 GiB, is made; more are read in chunks


@dataclass(frozen=True)
class PCA(ScaledEmbedding):
    """Principal component analysis, with scikit-learn's choice of signs.

    Exact for rows of at most 2,048 values; more than 268 million values are then read in chunks. Wider rows
    are projected by scikit-learn's randomised method with a fixed seed, from a float copy of all of them.
    Rows that are all equal are embedded as zero, with a warning.

    Parameters
    ----------
    components
        Number of principal components kept; at most the number of rows and of values in a row.

    Examples
    --------
    >>> line = np.float32([[0, 0], [3, 4], [6, 8]])
    >>> PCA(components=1).fit_transform(line).round(4).tolist()
    [[-5.0], [0.0], [5.0]]
    """

    components: Annotated[int, Field(ge=1)] = 64

    def limits(self, shape: tuple[int, ...]) -> Mapping[str, int]:
        return {"components": min(shape[0], math.prod(shape[1:]))}

    def embed(self, x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
        if self.components > (most := self.limits(x.shape)["components"]):
            raise InvalidValue(
                f"components must be at most {most}, the smaller of rows and values, got {self.components}",
                remedy=f"try embedding.components={most}" if most else "",
            )
        if x.size > MOST_VALUES_COPIED and math.prod(x.shape[1:]) <= WIDEST_COVARIANCE:
            return _project_in_chunks(x, self.components)
        X = flatten(x)
        refuse_overflow(X)
        centred = _centre(X)
        return _project(centred, self.components) if centred.any() else _all_alike(len(X), self.components)

    @property
    def embeds_test_rows(self) -> bool:
        return not self.whiten

    def embed_test(
        self, x: Shaped[ndarray, "n ..."], x_test: Shaped[ndarray, "m ..."]
    ) -> Float32[ndarray, "m d"]:
        if self.whiten:
            return super().embed_test(x, x_test)
        X_test = _projected_by(flatten(x), flatten(x_test), self.components)
        return normalized(X_test) if self.normalize else X_test


def _all_alike(n: int, components: int) -> Float32[ndarray, "n components"]:
    warnings.warn("all rows are alike: their embedding is zero", WinnowWarning, stacklevel=3)
    return np.zeros((n, components), dtype=np.float32)


def refuse_overflow(X: Float32[ndarray, "n d"]) -> None:
    """Refuse rows so large that a sum of their squares would leave the range of float32."""
    # Two passes instead of `abs(X).max()`, which would make a second copy of `X`.
    if not (largest := max(X.max(), -X.min())) <= LARGEST:
        raise InvalidValue(f"values must lie within ±{LARGEST:g}, got {largest:g}")


def _centre(X: Float32[ndarray, "n d"]) -> Float32[ndarray, "n d"]:
    # In place, with a mean in double precision: rounding would dominate the covariance of float32 rows that
    # are far from zero.
    mean = sum(X[i : i + CHUNK].sum(axis=0, dtype=np.float64) for i in range(0, len(X), CHUNK)) / len(X)
    for start in range(0, len(X), CHUNK):
        X[start : start + CHUNK] -= mean
    return X


def _project(centred: Float32[ndarray, "n d"], components: int) -> Float32[ndarray, "n components"]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        if centred.shape[1] > WIDEST_COVARIANCE:
            from sklearn.decomposition import PCA as RandomizedPCA  # noqa: N811

            randomized = RandomizedPCA(components, svd_solver="randomized", random_state=0, copy=False)
            return randomized.fit_transform(centred)
        # The same steps as scikit-learn's solver covariance_eigh, whose import takes longer than the work.
        return centred @ _widest_directions((centred.T @ centred).astype(np.float64), components)


def _widest_directions(scatter: Float64[ndarray, "d d"], components: int) -> Float32[ndarray, "d components"]:
    _, directions = np.linalg.eigh(scatter)
    widest = directions[:, : -components - 1 : -1]
    signs = np.sign(widest[np.abs(widest).argmax(axis=0), np.arange(components)])
    return (widest * signs).astype(np.float32)


def _project_in_chunks(x: Shaped[ndarray, "n ..."], components: int) -> Float32[ndarray, "n components"]:
    """Do as `_project` without a float copy of all rows: `x` is read twice, a chunk at a time."""
    from threadpoolctl import threadpool_limits

    parts = [slice(start, start + CHUNK) for start in range(0, len(x), CHUNK)]
    # Differences to the first row: far from zero, squares would cancel.
    origin = flatten(x[:1])[0]
    width = len(origin)
    total, products = np.zeros(width), np.zeros((width, width))
    with threadpool_limits(1):
        for part in parts:
            rows = flatten(x[part])
            refuse_overflow(rows)
            rows -= origin
            total += rows.sum(axis=0, dtype=np.float64)
            products += rows.T @ rows
        if not products.any():
            return _all_alike(len(x), components)
        mean = total / len(x)
        directions = _widest_directions(products - len(x) * np.outer(mean, mean), components)
        projected = np.empty((len(x), components), np.float32)
        for part in parts:
            projected[part] = (flatten(x[part]) - origin - mean.astype(np.float32)) @ directions
    return projected


def _projected_by(
    X: Float32[ndarray, "n d"], X_test: Float32[ndarray, "m d"], components: int
) -> Float32[ndarray, "m components"]:
    """Project `X_test` on the directions of largest variance of `X`, which is changed."""
    from sklearn.decomposition import PCA as PrincipalComponents  # noqa: N811
    from threadpoolctl import threadpool_limits

    mean = X.mean(axis=0, dtype=np.float64).astype(np.float32)
    X -= mean
    if not X.any():
        return np.zeros((len(X_test), components), np.float32)
    solver = "covariance_eigh" if X.shape[1] <= WIDEST_COVARIANCE else "randomized"
    with threadpool_limits(1):
        fitted = PrincipalComponents(components, svd_solver=solver, random_state=0).fit(X)
        return fitted.transform(X_test - mean).astype(np.float32)
