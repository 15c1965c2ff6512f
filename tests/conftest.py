"""What several areas of the tests share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.utils import get_class
from hypothesis import settings
from omegaconf import OmegaConf
from pydantic import TypeAdapter

ROOT = Path(__file__).parents[1]
# How long an example takes says something about the machine only.
settings.register_profile("winnow", deadline=None)
settings.load_profile("winnow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the long tests first: at the end of a parallel run, short ones fill the gaps."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture
def build_option() -> Callable[..., Any]:
    """Build what `conf/<group>/<option>.yaml` describes: build_option("embedding", "pca", components=4)."""

    def build(group: str, option: str, **overrides: Any) -> Any:
        config = OmegaConf.create({"seed": 0, "data_dir": "data", "k": 4})
        config.stage = OmegaConf.merge(OmegaConf.load(ROOT / "conf" / group / f"{option}.yaml"), overrides)
        given = OmegaConf.to_container(config.stage, resolve=True, throw_on_missing=True)
        return TypeAdapter(get_class(given.pop("_target_"))).validate_python(given)

    return build


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder that holds the real MNIST and the photographs; skip where there is none."""
    folder = Path(os.environ.get("WINNOW_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set WINNOW_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def mnist_pca64(data_dir):
    """The first 10,000 training images of MNIST in their first 64 principal components."""
    file = data_dir / "MNIST" / "raw" / "train-images-idx3-ubyte"
    if not file.is_file():
        pytest.skip(f"needs the real MNIST images: no {file} (set WINNOW_TEST_DATA)")
    pixels = np.fromfile(file, np.uint8, count=16 + 10_000 * 784)[16:].reshape(-1, 784) / np.float32(255)
    pixels -= pixels.mean(axis=0)
    _, components = np.linalg.eigh(pixels.T @ pixels)
    return np.ascontiguousarray(pixels @ components[:, -64:])
