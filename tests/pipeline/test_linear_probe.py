"""A network that reads the embedding learns the vectors that the rows were chosen from."""

from dataclasses import replace

import numpy as np
import pytest

from winnow.embedding.identity import Identity
from winnow.embedding.pca import PCA
from winnow.model.linear import Linear
from winnow.model.linear_probe import LinearProbe
from winnow.model.mlp import MLP
from winnow.selector.el2n import EL2N
from winnow.selector.uniform import Uniform

EMBEDDINGS = [Identity(), PCA(components=2)]


def trained(repetition):
    return repetition.training(repetition.subset.value)


@pytest.mark.parametrize("embedding", EMBEDDINGS, ids=str)
def test_it_is_a_linear_layer_on_a_table_of_the_vectors(repetition, dataset, embedding):
    probed = repetition(embedding=embedding, model=LinearProbe())
    X, X_test = embedding.fit_transform(dataset.x), embedding.embed_test(dataset.x, dataset.x_test)
    table = replace(dataset, x=X, x_test=X_test)
    # Both keep the same rows: a table of vectors is embedded as it is.
    linear = repetition(of=table, embedding=Identity(), model=Linear())
    np.testing.assert_array_equal(
        probed.subset.value.arrays["indices"], linear.subset.value.arrays["indices"]
    )
    mine, theirs = trained(probed).value.arrays, trained(linear).value.arrays
    np.testing.assert_array_equal(mine["losses"], theirs["losses"])
    np.testing.assert_array_equal(mine["predictions"], theirs["predictions"])


def test_three_shades_are_told_apart_from_two_principal_components(repetition):
    # The classes of the data set are 70 levels of grey apart, whatever the noise.
    probed = repetition(model=LinearProbe(), selector=Uniform(), budget=45)
    trainer = replace(probed.method.trainer, steps=300)
    assert replace(probed, method=replace(probed.method, trainer=trainer)).score().accuracy == 100


def test_both_parts_are_embedded_once_for_all(repetition, tmp_path):
    for selector in (Uniform(), EL2N()):
        repetition(model=LinearProbe(), selector=selector).score()
    kinds = ("embedding", "embedded_test", "trained")
    assert [len(list((tmp_path / kind).glob("*/*/entry.json"))) for kind in kinds] == [1, 1, 2]
    assert repetition(model=LinearProbe(), selector=Uniform()).found() is not None


@pytest.mark.parametrize(("model", "moves"), [(LinearProbe(), True), (MLP(hidden=(8,)), False)], ids=str)
def test_the_embedding_is_part_of_the_training_only_where_it_is_read(repetition, model, moves):
    one, other = (repetition(model=model, selector=Uniform(), embedding=PCA(components=c)) for c in (2, 3))
    assert (one.key != other.key) == moves
    assert (trained(one).key != trained(other).key) == moves
    assert one.subset.key == other.subset.key


def test_dynamics_are_those_of_the_vectors(repetition, dataset):
    probed = repetition(model=LinearProbe(), selector=EL2N())
    table = replace(
        dataset, x=PCA(components=2).fit_transform(dataset.x), x_test=dataset.x_test[:, 0, 0, :2].astype("f4")
    )
    linear = repetition(of=table, model=Linear(), selector=EL2N())
    np.testing.assert_array_equal(
        probed.dynamics.value.arrays["logits"], linear.dynamics.value.arrays["logits"]
    )
