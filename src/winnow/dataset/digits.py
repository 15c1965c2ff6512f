"""Read the handwritten digits that ship with scikit-learn: no download, and seconds instead of minutes.

1,797 images of 8x8 pixels with 17 grey levels, enlarged to MNIST's 28x28 pixels with 256 levels, so that
every network and augmentation made for MNIST fits. They are easier than MNIST and far fewer: results of
the two say nothing about each other.

.. [1] Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
   1998. https://doi.org/10.24432/C50P49
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float64, UInt8
from numpy import ndarray
from pydantic import Field

from winnow.dataset._split import stratified_split
from winnow.stages import Source
from winnow.types import Dataset


@dataclass(frozen=True)
class Digits(Source):
    """scikit-learn's digits, enlarged to 28x28 pixels.

    Parameters
    ----------
    split_seed
        Seed with which the test set is drawn.
    test_fraction
        Share of the rows in the test set.

    Examples
    --------
    >>> dataset = Digits().load()
    >>> dataset.x.shape, dataset.x_test.shape, int(dataset.x.max())
    ((1438, 1, 28, 28), (359, 1, 28, 28), 255)
    """

    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2

    def load(self) -> Dataset:
        from sklearn.datasets import load_digits

        digits = load_digits()
        x, y = _enlarge(digits.images), digits.target.astype(np.int64)
        train, test = stratified_split(y, self.test_fraction, self.split_seed)
        return Dataset("digits", x[train], y[train], x[test], y[test], tuple("0123456789"))


def _enlarge(images: Float64[ndarray, "n 8 8"]) -> UInt8[ndarray, "n 1 28 28"]:
    from scipy.ndimage import zoom

    large = zoom(images, (1, 3.5, 3.5), order=1)  # linear: never outside the range of the grey levels
    return np.rint(large * (255 / 16)).astype(np.uint8)[:, None]
