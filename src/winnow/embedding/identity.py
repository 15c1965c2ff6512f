"""Cluster the pixels themselves: every image is the vector of its pixels in [0, 1].

Nothing is learnt, so nothing can be learnt wrongly; small, centred images on a plain background, such as
digits, are well served. It should lose where a shift of a few pixels changes every pixel, and it makes
clustering slow where images are large.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray

from winnow.embedding._scaling import ScaledEmbedding

CHUNK = 4096


@dataclass(frozen=True)
class Identity(ScaledEmbedding):
    """The rows as they are, flattened.

    >>> Identity().fit_transform(np.array([[[[0, 255]]], [[[51, 102]]]], dtype=np.uint8)).tolist()
    [[0.0, 1.0], [0.20000000298023224, 0.4000000059604645]]
    """

    @property
    def worth_caching(self) -> bool:
        """Copying pixels is as quick as reading them; whitening is not."""
        return self.whiten

    def embed(self, x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
        return flatten(x)


def flatten(x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
    """Return a copy of `x` with one row of float32 per image; bytes are brought to [0, 1].

    >>> flatten(np.zeros((2, 3, 4, 4), dtype=np.uint8)).shape
    (2, 48)
    """
    rows = x.reshape(len(x), math.prod(x.shape[1:]))
    if x.dtype != np.uint8:
        return np.array(rows, dtype=np.float32)
    flat = np.empty(rows.shape, dtype=np.float32)
    for start in range(0, len(rows), CHUNK):  # a chunk at a time: no second float copy of everything
        part = slice(start, start + CHUNK)
        np.divide(rows[part], np.float32(255), out=flat[part], dtype=np.float32)
    return flat
