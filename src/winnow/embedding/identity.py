"""Use the pixels themselves: every image is the vector of its pixels in [0, 1].

It should do well on small, centred images on a plain background, such as digits. It should lose where a
shift by a few pixels changes every pixel, and it makes clustering slow where images are large.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray

from winnow.embedding._whiten_normalize import ScaledEmbedding

CHUNK = 4096  # rows converted at once


@dataclass(frozen=True)
class Identity(ScaledEmbedding):
    """The rows as they are, flattened.

    Parameters are those of `ScaledEmbedding`.

    >>> Identity().fit_transform(np.array([[[[0, 255]]], [[[51, 102]]]], dtype=np.uint8)).tolist()
    [[0.0, 1.0], [0.20000000298023224, 0.4000000059604645]]
    """

    learns: ClassVar[bool] = False

    @property
    def worth_caching(self) -> bool:
        """Only with whitening: copying pixels is as quick as reading them from disk."""
        return self.whiten

    def embed(self, x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
        return flatten(x)


def flatten(x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
    """Return a copy of `x` as float32 with one row per image; uint8 values are divided by 255.

    >>> flatten(np.zeros((2, 3, 4, 4), dtype=np.uint8)).shape
    (2, 48)
    """
    rows = x.reshape(len(x), math.prod(x.shape[1:]))
    if x.dtype != np.uint8:
        return np.array(rows, dtype=np.float32)
    flat = np.empty(rows.shape, dtype=np.float32)
    for start in range(0, len(rows), CHUNK):  # in chunks: no second float copy of all rows
        part = slice(start, start + CHUNK)
        np.divide(rows[part], np.float32(255), out=flat[part], dtype=np.float32)
    return flat
