import numpy as np
import pytest

from winnow.types import Dataset


@pytest.fixture(scope="module")
def stripes() -> Dataset:
    """Two classes a network learns at once: bright left half, bright right half."""
    rng = np.random.default_rng(0)

    def draw(n):
        y = rng.integers(2, size=n)
        x = rng.integers(0, 60, size=(n, 1, 28, 28)).astype(np.uint8)
        for image, label in zip(x, y, strict=True):
            image[:, :, 14 * label : 14 * label + 14] += 150
        return x, y

    return Dataset("stripes", *draw(64), *draw(40), classes=("left", "right"))
