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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Float64, Shaped
from numpy import ndarray
from pydantic import Field
from threadpoolctl import threadpool_limits

from winnow.embedding._engine import BlockwiseEmbedding, OnBlocks
from winnow.embedding._randomised_pca import PASSES, CentredRows, randomised_projection
from winnow.embedding._range import refuse_overflow
from winnow.embedding._whiten_normalize import normalized
from winnow.embedding.identity import CHUNK, flatten
from winnow.errors import InvalidValue, WinnowWarning
from winnow.network.dask_workers import blocks_of
from winnow.network.progress import PATIENCE_SECONDS, progress_bar
from winnow.rows.chunks import chunks_of
from winnow.rows.row_array import RowArray

WIDEST_COVARIANCE = 2048  # values in a row; wider covariance matrices take minutes
MOST_VALUES_COPIED = 2**28  # values of which a float copy, of 1 GiB, is made; more are read in chunks
ROWS_OF_A_BLOCK = 4 * CHUNK  # rows whose products are summed by one process; last bits depend on it
MANY_VALUES = 2**35  # values from which the randomised method takes an hour or more


@dataclass(frozen=True)
class PCA(BlockwiseEmbedding):
    """Principal component analysis, with scikit-learn's choice of signs.

    Exact for rows of at most 2,048 values; more than 268 million values are then read in chunks. Wider rows
    are projected by a randomised method with a fixed seed: by scikit-learn's, from a float copy of all of
    them, or in passes over chunks where there are more than 268 million values. A warning says so where that
    takes an hour. Rows that are all equal are embedded as zero, with a warning.

    `engine=dask` computes what is read in chunks, but not the randomised method; fewer values take less time
    than to start workers, and are embedded here.

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

    def width(self, shape: tuple[int, ...]) -> int:
        return self.components

    def embed(self, x: Shaped[RowArray, "n ..."]) -> Iterator[Float32[ndarray, "m d"]]:
        if self.components > (most := self.limits(x.shape)["components"]):
            raise InvalidValue(
                f"components must be at most {most}, the smaller of rows and values, got {self.components}",
                remedy=f"try embedding.components={most}" if most else "",
            )
        if (values := math.prod(x.shape)) <= MOST_VALUES_COPIED:
            yield self._of_copy(flatten(x))
        elif math.prod(x.shape[1:]) <= WIDEST_COVARIANCE:
            with self.on_blocks() as on_blocks:
                yield from _project_in_chunks(x, self.components, on_blocks)
        else:
            self._refuse_engine(x)
            if values > MANY_VALUES:
                _warn_of_time(x)
            yield from _project_in_passes(x, self.components)

    def _refuse_engine(self, x: RowArray) -> None:
        if self.engine != "process":
            raise InvalidValue(
                f"embedding.engine must be process for rows of more than {WIDEST_COVARIANCE:,} values, got "
                f"{self.engine} for {math.prod(x.shape[1:]):,}",
                where=f"embedding.engine={self.engine}",
                remedy="leave it out, or use embedding=timm or pretrained for images",
            )

    def _of_copy(self, X: Float32[ndarray, "n d"]) -> Float32[ndarray, "n components"]:
        refuse_overflow(X)
        centred = _centre(X)
        if not centred.any():
            return next(_all_alike(len(X), self.components))
        return _project(centred, self.components)

    @property
    def embeds_test_rows(self) -> bool:
        return not self.whiten

    def embed_test(
        self, x: Shaped[RowArray, "n ..."], x_test: Shaped[RowArray, "m ..."]
    ) -> Float32[ndarray, "m d"]:
        if self.whiten or math.prod(x.shape) > MOST_VALUES_COPIED:
            return super().embed_test(x, x_test)
        X_test = _projected_by(flatten(x), flatten(x_test), self.components)
        return normalized(X_test) if self.normalize else X_test


def _all_alike(n: int, components: int) -> Iterator[Float32[ndarray, "n components"]]:
    warnings.warn("all rows are alike: their embedding is zero", WinnowWarning, stacklevel=3)
    yield np.zeros((n, components), dtype=np.float32)


def _warn_of_time(x: RowArray) -> None:
    hours = math.prod(x.shape) / MANY_VALUES
    warnings.warn(
        f"the principal components of {len(x):,} rows of {math.prod(x.shape[1:]):,} values take some "
        f"{hours:.0f} hours of one core | embedding=timm or pretrained embeds images by a network first, and "
        "smaller images take less",
        WinnowWarning,
        stacklevel=2,
    )


def _centre(X: Float32[ndarray, "n d"]) -> Float32[ndarray, "n d"]:
    # In place, with a mean in double precision: rounding would dominate the covariance of float32 rows that
    # are far from zero.
    mean = sum(X[i : i + CHUNK].sum(axis=0, dtype=np.float64) for i in range(0, len(X), CHUNK)) / len(X)
    for start in range(0, len(X), CHUNK):
        X[start : start + CHUNK] -= mean
    return X


def _project(centred: Float32[ndarray, "n d"], components: int) -> Float32[ndarray, "n components"]:
    if centred.shape[1] > WIDEST_COVARIANCE:
        return _project_by_scikit_learn(centred, components)
    with threadpool_limits(1):
        # The same steps as scikit-learn's solver covariance_eigh, whose import takes longer than the work.
        return centred @ _widest_directions((centred.T @ centred).astype(np.float64), components)


def _project_by_scikit_learn(
    centred: Float32[ndarray, "n d"], components: int
) -> Float32[ndarray, "n components"]:
    # Imported before the limit, which applies only to libraries that are already loaded.
    from sklearn.decomposition import PCA as RandomizedPCA  # noqa: N811

    randomized = RandomizedPCA(components, svd_solver="randomized", random_state=0, copy=False)
    with threadpool_limits(1):
        return randomized.fit_transform(centred)


def _widest_directions(scatter: Float64[ndarray, "d d"], components: int) -> Float32[ndarray, "d components"]:
    _, directions = np.linalg.eigh(scatter)
    widest = directions[:, : -components - 1 : -1]
    signs = np.sign(widest[np.abs(widest).argmax(axis=0), np.arange(components)])
    return (widest * signs).astype(np.float32)


def _project_in_chunks(
    x: Shaped[RowArray, "n ..."], components: int, on_blocks: OnBlocks
) -> Iterator[Float32[ndarray, "m components"]]:
    """Do as `_project` without a float copy of all rows: `x` is read twice, a chunk at a time."""
    # Differences to the first row: far from zero, squares would cancel.
    origin = flatten(x[:1])[0]
    width = len(origin)
    blocks = blocks_of(len(x), ROWS_OF_A_BLOCK)
    total, products = np.zeros(width), np.zeros((width, width))
    with progress_bar("pca", 2 * len(x), patience=PATIENCE_SECONDS) as show:
        for block, sums in zip(blocks, on_blocks(_moments, x, blocks, origin), strict=True):
            total += sums[0]
            products += sums[1]
            show(block.stop)
        if not products.any():
            yield from _all_alike(len(x), components)
            return
        mean = total / len(x)
        with threadpool_limits(1):
            directions = _widest_directions(products - len(x) * np.outer(mean, mean), components)
        found = on_blocks(_projected, x, blocks, origin, mean.astype(np.float32), directions)
        for block, rows in zip(blocks, found, strict=True):
            yield rows
            show(len(x) + block.stop)


def _moments(
    x: Shaped[RowArray, "m ..."], origin: Float32[ndarray, " d"]
) -> tuple[Float64[ndarray, " d"], Float64[ndarray, "d d"]]:
    """Return the sum of the rows of a block less the origin, and their matrix of products (Gram)."""
    total, products = np.zeros(len(origin)), np.zeros((len(origin), len(origin)))
    for part in chunks_of(x, CHUNK):
        rows = flatten(x[part])
        refuse_overflow(rows)
        rows -= origin
        total += rows.sum(axis=0, dtype=np.float64)
        with threadpool_limits(1):
            products += rows.T @ rows
    return total, products


def _projected(
    x: Shaped[RowArray, "m ..."],
    origin: Float32[ndarray, " d"],
    mean: Float32[ndarray, " d"],
    directions: Float32[ndarray, "d components"],
) -> Float32[ndarray, "m components"]:
    """Return the rows of a block along the directions."""
    rows = np.empty((len(x), directions.shape[1]), np.float32)
    for part in chunks_of(x, CHUNK):
        with threadpool_limits(1):
            rows[part] = (flatten(x[part]) - origin - mean) @ directions
    return rows


def _project_in_passes(
    x: Shaped[RowArray, "n ..."], components: int
) -> Iterator[Float32[ndarray, "m components"]]:
    """Do as `_project` for wide rows, of which no copy is made either."""
    with progress_bar("pca", PASSES * len(x), patience=PATIENCE_SECONDS) as show:
        rows = CentredRows(x, show)
        yield from _all_alike(len(x), components) if rows.alike else randomised_projection(rows, components)


def _projected_by(
    X: Float32[ndarray, "n d"], X_test: Float32[ndarray, "m d"], components: int
) -> Float32[ndarray, "m components"]:
    """Project `X_test` on the directions of largest variance of `X`, which is changed."""
    from sklearn.decomposition import PCA as PrincipalComponents  # noqa: N811

    mean = X.mean(axis=0, dtype=np.float64).astype(np.float32)
    X -= mean
    if not X.any():
        return np.zeros((len(X_test), components), np.float32)
    solver = "covariance_eigh" if X.shape[1] <= WIDEST_COVARIANCE else "randomized"
    with threadpool_limits(1):
        fitted = PrincipalComponents(components, svd_solver=solver, random_state=0).fit(X)
        return fitted.transform(X_test - mean).astype(np.float32)
