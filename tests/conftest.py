"""Fixtures shared by several test files."""

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def mnist_pca64():
    """The first 10,000 training images of MNIST in their first 64 principal components."""
    data = Path(os.environ.get("WINNOW_TEST_DATA", ROOT.parent / "shared" / "data"))
    file = data / "MNIST" / "raw" / "train-images-idx3-ubyte"
    if not file.is_file():
        pytest.skip(f"needs the real MNIST images: no {file} (set WINNOW_TEST_DATA)")
    pixels = np.fromfile(file, np.uint8, count=16 + 10_000 * 784)[16:].reshape(-1, 784) / np.float32(255)
    pixels -= pixels.mean(axis=0)
    _, components = np.linalg.eigh(pixels.T @ pixels)
    return np.ascontiguousarray(pixels @ components[:, -64:])
