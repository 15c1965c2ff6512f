"""A selector gets what it declares, and its rows are named by no more than that."""

from dataclasses import replace

import numpy as np
import pytest

from winnow.augment.none import Unchanged
from winnow.clusterer.sklearn import Sklearn
from winnow.dynamics.short_training import ShortTraining
from winnow.embedding.identity import Identity
from winnow.embedding.pca import PCA
from winnow.model.mlp import MLP
from winnow.pipeline import Method, Repetition
from winnow.selector.kcenter import KCenter
from winnow.selector.nearest import Nearest
from winnow.selector.uniform import Uniform
from winnow.store.cache import Cache
from winnow.trainer.lightning import Lightning
from winnow.types import Dataset


@pytest.fixture
def pipeline(tmp_path):
    """Return a pipeline over 40 rows of 3 features for a selector, an embedding and a number of clusters."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)).astype(np.float32), np.arange(40) % 2
    method = Method(
        Identity(),
        Sklearn(k=4),
        Uniform(),
        MLP(hidden=(2,)),
        Unchanged(),
        Lightning(),
        budget=5,
        seed=0,
        dynamics=ShortTraining(),
    )

    def build(selector, *, embedding=method.embedding, k=4):
        changed = replace(method, selector=selector, embedding=embedding, clusterer=Sklearn(k=k))
        return Repetition(changed, Dataset("toy", x, y, x, y, ("a", "b")), Cache(tmp_path), 0)

    return build


@pytest.mark.parametrize(
    ("selector", "by_embedding", "by_clustering"),
    [(Uniform(), False, False), (KCenter(), True, False), (Nearest(), True, True)],
)
def test_rows_are_named_by_what_the_selector_sees(pipeline, selector, by_embedding, by_clustering):
    key = pipeline(selector).subset.key
    assert (pipeline(selector, embedding=PCA(2)).subset.key != key) == by_embedding
    assert (pipeline(selector, k=5).subset.key != key) == by_clustering


def test_an_embedding_alone_costs_no_clustering(pipeline):
    selected = pipeline(KCenter()).subset.value
    assert len(selected.arrays["indices"]) == 5
    assert set(selected.info["stages"]) == {"embed", "select"}
