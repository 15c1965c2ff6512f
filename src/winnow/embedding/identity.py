"""Use the pixels themselves: every image is the vector of its pixels in [0, 1].

It should do well on small, centred images on a plain background, such as digits. It should lose where a
shift by a few pixels changes every pixel, and it makes clustering slow where images are large.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray

from winnow.embedding._whiten_normalize import ScaledEmbedding
from winnow.network.progress import PATIENCE_SECONDS, progress_bar
from winnow.rows.chunks import chunks_of
from winnow.rows.row_array import RowArray

CHUNK = 4096  # rows converted at once


@dataclass(frozen=True)
class Identity(ScaledEmbedding):
    """The rows as they are, flattened; rows of features are not copied.

    Parameters are those of `ScaledEmbedding`.

    >>> Identity().fit_transform(np.array([[[[0, 255]]], [[[51, 102]]]], dtype=np.uint8)).tolist()
    [[0.0, 1.0], [0.20000000298023224, 0.4000000059604645]]
    """

    learns: ClassVar[bool] = False

    @property
    def worth_caching(self) -> bool:
        """Only with whitening: copying pixels is as quick as reading them from disk."""
        return self.whiten

    def width(self, shape: tuple[int, ...]) -> int:
        return math.prod(shape[1:])

    def fit_transform(self, x: Shaped[RowArray, "n ..."]) -> Float32[ndarray, "n d"]:
        as_they_are = not self.whiten and not self.normalize and x.dtype == np.float32 and x.ndim == 2
        return _read_only(x) if as_they_are and isinstance(x, ndarray) else super().fit_transform(x)

    def embed(self, x: Shaped[RowArray, "n ..."]) -> Iterator[Float32[ndarray, "m d"]]:
        with progress_bar("identity", len(x), patience=PATIENCE_SECONDS) as show:
            for part in chunks_of(x, CHUNK):
                yield flatten(x[part])
                show(part.stop)


def flatten(x: Shaped[RowArray, "n ..."]) -> Float32[ndarray, "n d"]:
    """Return a copy of `x` as float32 with one row per image; uint8 values are divided by 255.

    >>> flatten(np.zeros((2, 3, 4, 4), dtype=np.uint8)).shape
    (2, 48)
    """
    flat = np.empty((len(x), math.prod(x.shape[1:])), dtype=np.float32)
    for part in chunks_of(x, CHUNK):  # in chunks: no second float copy of all rows
        rows = x[part].reshape(flat[part].shape)
        if x.dtype == np.uint8:
            np.divide(rows, np.float32(255), out=flat[part], dtype=np.float32)
        else:
            flat[part] = rows
    return flat


def _read_only(x: ndarray) -> ndarray:
    view = x.view()
    view.flags.writeable = False
    return view
