"""Draw two round clouds in the plane: data on which every step of a clustering can be seen.

The clouds overlap by next to nothing (their centres are 5.7 standard deviations apart), so a method that
fails here has a fault; that it succeeds says nothing about real data.

Reference: the normal mixture of Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning",
2nd edition, 2009, section 2.3.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.stages import Source
from winnow.types import Dataset

CENTRES = ((1.0, 1.0), (5.0, 5.0))


@dataclass(frozen=True)
class Blobs2D(Source):
    """Rows around (1, 1) and as many around (5, 5), standard deviation 1; labels name the cloud.

    Parameters
    ----------
    points
        Training rows of each cloud.
    test_points
        Test rows of each cloud.
    draw_seed
        Seed with which all rows are drawn.

    Examples
    --------
    >>> dataset = Blobs2D(points=3, test_points=1).load()
    >>> dataset.y, dataset.x_test.shape
    (array([0, 0, 0, 1, 1, 1]), (2, 2))
    """

    points: Annotated[int, Field(ge=1)] = 100
    test_points: Annotated[int, Field(ge=1)] = 20
    draw_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def load(self) -> Dataset:
        rng = np.random.default_rng(self.draw_seed)
        x, y = _clouds(self.points, rng)
        x_test, y_test = _clouds(self.test_points, rng)
        return Dataset("blobs_2d", x, y, x_test, y_test, tuple(f"around {centre}" for centre in CENTRES))


def _clouds(points: int, rng: Generator) -> tuple[Float32[ndarray, "n 2"], Int64[ndarray, " n"]]:
    y = np.repeat(np.arange(len(CENTRES)), points)
    return (np.array(CENTRES)[y] + rng.normal(size=(len(y), 2))).astype(np.float32), y
