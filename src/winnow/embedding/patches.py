"""Embed images by small learnt patterns, and the parts of the image in which each pattern occurs.

Small patches of all images are clustered; the centroids are strokes, ends and corners [1]_. Every position
of an image is then compared with all centroids, and the similarities are averaged over the cells of a
coarse grid. A stroke that moves by a pixel stays in its cell, while every pixel changes: this embedding
should win at the smallest budgets (with `nearest` at 50 images of MNIST and augmentation: a point of
accuracy over PCA). At several hundred images it should gain nothing, and it should lose to a pretrained
network on photographs. 60,000 images of 28x28 take half a minute on one core; the time grows with the
number of pixels, the area of a patch and the number of centroids.

.. [1] Coates, Lee and Ng, "An Analysis of Single-Layer Networks in Unsupervised Feature Learning",
   AISTATS 2011. https://proceedings.mlr.press/v15/coates11a.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Shaped, UInt8
from numpy import ndarray
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import Generator
from pydantic import Field
from threadpoolctl import threadpool_limits

from winnow.embedding._images import require_images
from winnow.embedding._whiten_normalize import ScaledEmbedding
from winnow.errors import InvalidValue
from winnow.geometry.distance import expansion
from winnow.geometry.fast_kmeans import find_centroids
from winnow.network.progress import progress_bar
from winnow.rows.chunks import chunks_of
from winnow.rows.row_array import RowArray

DRAWN = 60_000  # patches drawn to learn the centroids from
FAINT = 0.1  # of these, patches with a smaller standard deviation of their pixels are left out
CONTRAST_FLOOR, WHITENING_FLOOR = 0.01, 0.1  # added to variances, so that noise is not amplified
BLANK = 0.05  # a patch is taken for background if its brightest pixel is darker
PASSES, DRAWS = 20, 4  # of the k-means over patches
_VALUES_TO_LEARN_AXES = 2**25  # 128 MB: 13,000 images with the default settings
_PATCHES_AT_ONCE = 512  # few enough for their distances to the centroids to stay in the processor's cache
_IMAGES_AT_ONCE = 1000
_IMAGES_READ = 250  # at once, for a patch of each
Project = Callable[[Float32[ndarray, "m width"]], Float32[ndarray, "m d"]]


@dataclass(frozen=True)
class Patches(ScaledEmbedding):
    """Similarities to learnt patches, averaged over a grid, then reduced by PCA.

    For images of any size and number of channels; a patch spans all channels, and features are refused. Dark
    patches are taken for background and left out. The principal axes are learnt from at most 13,000 images
    (with other settings: from as many as fit into 128 MB), drawn at random.

    Parameters
    ----------
    patch
        Side of a patch, in pixels.
    centroids
        Number of patterns, the centroids of the clustered patches.
    grid
        Number of cells of the grid along each side of the image.
    components
        Number of principal components kept.
    seed
        Seed of the patches drawn, of their clustering and of the images that the axes are learnt from.
    """

    patch: Annotated[int, Field(ge=1)] = 6
    centroids: Annotated[int, Field(ge=2)] = 160
    grid: Annotated[int, Field(ge=1)] = 4
    components: Annotated[int, Field(ge=1)] = 64
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def embed(self, x: Shaped[RowArray, "n ..."]) -> Iterator[Float32[ndarray, "m d"]]:
        self._check(x)
        rng, n = np.random.default_rng(self.seed), len(x)
        with progress_bar("patches", n) as show:
            dictionary = Dictionary.learnt(x, self.patch, self.centroids, rng)
            pooling = pooling_matrix(*(side - self.patch + 1 for side in x.shape[2:]), self.grid)
            few = min(n, max(_VALUES_TO_LEARN_AXES // (self.centroids * self.grid**2), self.components))
            chosen = rng.permutation(n)[:few] if few < n else np.arange(n)
            described = np.empty((few, self.centroids * self.grid**2), np.float32)
            for part in chunks_of(described, _IMAGES_AT_ONCE):
                described[part] = dictionary.describe_all(x[chosen[part]], pooling)
                show(part.stop)
            project, known = self._axes(described)
            # No image is described twice: those that the axes were learnt from are put among the others.
            by_row, seen = np.argsort(chosen), few
            for part in chunks_of(x, _IMAGES_AT_ONCE):
                of_part = by_row[slice(*np.searchsorted(chosen, (part.start, part.stop), sorter=by_row))]
                before = chosen[of_part] - part.start
                others = np.delete(np.arange(part.stop - part.start), before)
                rows = np.empty((len(before) + len(others), self.components), np.float32)
                rows[before] = known[of_part]
                if len(others):
                    rows[others] = project(dictionary.describe_all(x[part.start + others], pooling))
                seen += len(others)
                yield rows
                show(seen)

    def _axes(self, described: Float32[ndarray, "m width"]) -> tuple[Project, Float32[ndarray, "m d"]]:
        """Return the projection onto the principal axes of described images, and their coordinates."""
        from sklearn.decomposition import PCA as Principal  # noqa: N811

        def project(rows: Float32[ndarray, "m width"]) -> Float32[ndarray, "m d"]:
            with threadpool_limits(1):
                return principal.transform(rows)

        with threadpool_limits(1):
            principal = Principal(self.components, random_state=0).fit(described)
        return project, project(described)

    def limits(self, shape: tuple[int, ...]) -> Mapping[str, int]:
        return {"components": min(shape[0], self.centroids * self.grid**2)}

    def width(self, shape: tuple[int, ...]) -> int:
        return self.components

    def _check(self, x: RowArray) -> None:
        remedy = "use a smaller embedding.patch, or embedding=pca for features"
        require_images(x, "patches", smallest_side=self.patch, remedy=remedy)
        if self.components > (most := self.limits(x.shape)["components"]):
            raise InvalidValue(
                f"components must be at most {most}, the smaller of rows and values, got {self.components}",
                remedy=f"try embedding.components={most}",
            )


@dataclass(frozen=True, eq=False)
class Dictionary:
    """The learnt patterns, and the whitening of patches under which they were learnt."""

    patch: int
    mean: Float32[ndarray, " d"]
    whitening: Float32[ndarray, "d d"]
    centroids: Float32[ndarray, "k d"]

    @classmethod
    def learnt(cls, x: UInt8[RowArray, "n c h w"], patch: int, count: int, rng: Generator) -> "Dictionary":
        """Cluster random patches of all images."""
        patches = _as_fractions(_drawn(x, patch, rng))
        patches = patches[patches.std(axis=1) > FAINT]
        if len(patches) < count:
            raise InvalidValue(
                f"of {DRAWN} random patches at least {count}, one for each centroid, must have contrast, "
                f"got {len(patches)}",
                where="embedding=patches",
                remedy="use fewer embedding.centroids, a larger embedding.patch, or embedding=pca",
            )
        with threadpool_limits(1):
            patches = equal_contrast(patches)
            mean, whitening = zca(patches)
            patches = (patches - mean) @ whitening
            centroids = find_centroids(patches, count, rng, passes=PASSES, draws=DRAWS)
        return cls(patch, mean, whitening, centroids)

    def describe_all(
        self, images: UInt8[ndarray, "n c h w"], pooling: Float32[ndarray, "positions cells"]
    ) -> Float32[ndarray, "n width"]:
        """Return the square root of what `describe` does, in one row for each image."""
        with threadpool_limits(1):
            return np.stack([np.sqrt(self.describe(image, pooling)).ravel() for image in images])

    def describe(
        self, image: UInt8[ndarray, "c h w"], pooling: Float32[ndarray, "positions cells"]
    ) -> Float32[ndarray, "cells k"]:
        """Return the mean similarity to every pattern in each cell of the grid."""
        positions = sliding_window_view(image, (self.patch, self.patch), axis=(1, 2))
        patches = positions.transpose(1, 2, 0, 3, 4).reshape(len(pooling), -1)
        seen = np.flatnonzero(patches.max(axis=1) >= BLANK * 255)
        found = np.zeros((pooling.shape[1], len(self.centroids)), np.float32)
        for start in range(0, len(seen), _PATCHES_AT_ONCE):
            part = seen[start : start + _PATCHES_AT_ONCE]
            found += pooling[part].T @ triangle(self._distances(patches[part]))
        return found

    def _distances(self, patches: UInt8[ndarray, "p d"]) -> Float32[ndarray, "p k"]:
        # |z - c|^2 = |z|^2 - 2zc + |c|^2 in one matrix product. Whitened patches are centred, so that few
        # digits cancel.
        (k, d), count = self.centroids.shape, len(patches)
        rows = np.ones((count, d + 2), np.float32)
        z = np.matmul(equal_contrast(_as_fractions(patches)) - self.mean, self.whitening)
        rows[:, :d] = z
        np.einsum("pd,pd->p", z, z, out=rows[:, -1])
        terms = expansion(self.centroids, np.einsum("kd,kd->k", self.centroids, self.centroids), np.float32)
        squares = rows @ np.vstack([terms, np.ones((1, k), np.float32)])
        return np.sqrt(np.maximum(squares, 0, out=squares), out=squares)


def equal_contrast(patches: Float32[ndarray, "p d"]) -> Float32[ndarray, "p d"]:
    """Subtract from every patch its mean and divide by its standard deviation.

    A constant added to the variance keeps patches of almost no contrast close to zero.

    >>> equal_contrast(np.float32([[0, 1], [0.5, 0.5]])).round(2).tolist()
    [[-0.9800000190734863, 0.9800000190734863], [0.0, 0.0]]
    """
    centred = patches - patches.mean(axis=1, keepdims=True)
    variances = np.einsum("pd,pd->p", centred, centred) / patches.shape[1]
    centred /= np.sqrt(variances + CONTRAST_FLOOR)[:, None]
    return centred


def zca(patches: Float32[ndarray, "p d"]) -> tuple[Float32[ndarray, " d"], Float32[ndarray, "d d"]]:
    """Return the mean patch and the symmetric matrix (ZCA) that whitens centred patches."""
    mean = patches.mean(axis=0, dtype=np.float64)
    centred = patches - mean
    variances, axes = np.linalg.eigh(centred.T @ centred / len(patches))
    whitening = axes / np.sqrt(np.maximum(variances, 0) + WHITENING_FLOOR) @ axes.T
    return mean.astype(np.float32), whitening.astype(np.float32)


def triangle(distances: Float32[ndarray, "p k"]) -> Float32[ndarray, "p k"]:
    """Return the mean distance less that to each centroid, or 0 if negative (section 3.2 of [1]_).

    >>> triangle(np.float32([[1, 2, 6]])).tolist()
    [[2.0, 1.0, 0.0]]
    """
    k = distances.shape[1]
    likeness = (distances @ np.full(k, 1 / k, np.float32))[:, None] - distances
    return np.maximum(likeness, 0, out=likeness)


def pooling_matrix(height: int, width: int, grid: int) -> Float32[ndarray, "positions cells"]:
    """Return the matrix whose transpose averages `height` x `width` positions over the cells of a grid.

    Cells overlap where the number of positions is no multiple of `grid`.

    >>> pooling_matrix(1, 3, 2).T.round(1).tolist()[:2]
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    down, across = (_averages(size, grid) for size in (height, width))
    return np.kron(down, across)


def _averages(size: int, grid: int) -> Float32[ndarray, "size grid"]:
    position, cell = np.arange(size)[:, None], np.arange(grid)
    inside = (cell * size // grid <= position) & (position < -(-(cell + 1) * size // grid))
    return (inside / inside.sum(axis=0)).astype(np.float32)


def _as_fractions(patches: UInt8[ndarray, "p d"]) -> Float32[ndarray, "p d"]:
    return np.divide(patches, np.float32(255), dtype=np.float32)


def _drawn(x: UInt8[RowArray, "n c h w"], patch: int, rng: Generator) -> UInt8[ndarray, "p d"]:
    """Draw random patches of all images."""
    n, channels, height, width = x.shape
    sizes = n, height - patch + 1, width - patch + 1
    rows, tops, lefts = (rng.integers(size, size=DRAWN) for size in sizes)
    patches = np.empty((DRAWN, channels, patch, patch), np.uint8)
    for start in range(0, DRAWN, _IMAGES_READ):
        part = slice(start, start + _IMAGES_READ)
        images = sliding_window_view(x[rows[part]], (patch, patch), axis=(2, 3))
        patches[part] = images[np.arange(len(images)), :, tops[part], lefts[part]]
    return patches.reshape(DRAWN, -1)
