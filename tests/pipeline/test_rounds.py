"""Rows that a network asks for, round by round: who trains it, on what, and what names the rows."""

from dataclasses import replace

import numpy as np
import pytest

from winnow.dynamics.short_training import ShortTraining
from winnow.embedding.pca import PCA
from winnow.errors import InvalidValue
from winnow.model.linear_probe import LinearProbe
from winnow.model.mlp import MLP
from winnow.pipeline import Choice
from winnow.selector.rounds import Rounds
from winnow.types import Rows

THREE = Rounds(rounds=3, query="badge")


def test_every_row_has_its_round_and_the_choice_is_the_same_again(repetition, tmp_path):
    kept = repetition(selector=THREE).subset.value
    assert np.bincount(kept.arrays["rounds"]).tolist() == [0, 4, 3, 3]
    assert [point["labels"] for point in kept.info["provenance"]["curve"]] == [4, 7]
    again = repetition(selector=THREE)
    again = replace(again, cache=type(again.cache)(tmp_path / "other")).subset.value
    np.testing.assert_array_equal(again.arrays["indices"], kept.arrays["indices"])
    np.testing.assert_array_equal(again.arrays["rounds"], kept.arrays["rounds"])


def test_labels_of_rows_that_are_not_kept_change_nothing(repetition, dataset):
    kept = repetition(selector=THREE).subset.value.arrays["indices"]
    y = (dataset.y + 1) % 3
    y[kept] = dataset.y[kept]
    again = repetition(of=replace(dataset, y=y), selector=THREE).subset.value
    np.testing.assert_array_equal(again.arrays["indices"], kept)


def test_a_network_that_reads_the_embedding_is_taught_that(repetition):
    probe = repetition(selector=THREE, model=LinearProbe()).subset
    assert set(probe.value.info["stages"]) == {"embed", "select"}
    assert probe.key != repetition(selector=THREE, model=LinearProbe(), embedding=PCA(3)).subset.key


def test_the_rows_are_named_by_all_that_teaches_the_network(repetition):
    changes = [
        {},
        {"model": MLP(hidden=(9,))},
        {"dynamics": ShortTraining(epochs=3)},
        {"selector": replace(THREE, query="margin")},
        {"selector": replace(THREE, first="random")},
        {"seed": 1},
    ]
    keys = {repetition(**({"selector": THREE} | change)).subset.key for change in changes}
    assert len(keys) == len(changes)
    # The network of the pixels reads no embedding, and rounds that begin with `uniform` no clusters.
    assert repetition(selector=THREE, embedding=PCA(3)).subset.key in keys


def test_the_final_training_is_that_of_any_other_ten_rows(repetition):
    rounds = repetition(selector=THREE)
    assert 0 <= rounds.score().accuracy <= 100
    assert set(rounds.score().seconds) == {"select", "train"}


def test_rows_without_labels_are_refused(repetition, dataset):
    labelled = repetition(selector=THREE)
    with pytest.raises(InvalidValue, match="must have labels"):
        _ = Choice(labelled.method, Rows("toy", dataset.x), labelled.cache, 0).subset.value
