"""A data set of 60 images and the whole chain over it, with any part exchanged."""

from collections.abc import Callable

import numpy as np
import pytest

from winnow.augment.none import Unchanged
from winnow.clusterer.sklearn import Sklearn
from winnow.dynamics.short_training import ShortTraining
from winnow.embedding.pca import PCA
from winnow.model.mlp import MLP
from winnow.pipeline import Method, Pipeline
from winnow.selector.nearest import Nearest
from winnow.store.cache import Cache
from winnow.trainer.lightning import Lightning
from winnow.types import Dataset


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = (rng.integers(0, 40, (60, 1, 28, 28)) + 70 * y[:, None, None, None]).astype(np.uint8)
    return Dataset("toy", x[:45], y[:45], x[45:], y[45:], ("a", "b", "c"))


@pytest.fixture
def pipeline(dataset, tmp_path) -> Callable[..., Pipeline]:
    """Make a pipeline of small parts, or of others by name, that keeps its results in `tmp_path`."""

    def build(of: Dataset = dataset, **changes) -> Pipeline:
        parts = {
            "embedding": PCA(components=2),
            "clusterer": Sklearn(k=5),
            "selector": Nearest(),
            "model": MLP(hidden=(8,)),
            "augment": Unchanged(),
            "trainer": Lightning(steps=5),
            "budget": 10,
            "seed": 0,
            "dynamics": ShortTraining(epochs=2, batch_size=16, min_steps=1),
        }
        return Pipeline(Method(**(parts | changes)), of, Cache(tmp_path))

    return build
