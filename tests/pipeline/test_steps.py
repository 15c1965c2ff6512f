"""The chain: what is computed, how often, and which random streams a change leaves alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from winnow.clusterer.sklearn import Sklearn
from winnow.embedding.pca import PCA
from winnow.errors import InvalidValue
from winnow.model.mlp import MLP
from winnow.pipeline import Choice, Repetition
from winnow.selector.el2n import EL2N
from winnow.selector.full import Full
from winnow.selector.furthest import Furthest
from winnow.selector.hybrid import Hybrid
from winnow.selector.nearest import Nearest
from winnow.selector.uniform import Uniform
from winnow.store.cache import Cache
from winnow.store.no_cache import NoCache
from winnow.trainer.lightning import Lightning


def entries(folder):
    """How many results of each kind there are."""
    kinds = ("embedding", "clustering", "subset", "trained")
    return {kind: len(list((folder / kind).glob("*/*/entry.json"))) for kind in kinds}


def training_key(repetition):
    return repetition.training(repetition.subset.value).key


def test_one_repetition_computes_every_step_once(repetition, tmp_path):
    assert not repetition().score().found
    assert entries(tmp_path) == {"embedding": 1, "clustering": 1, "subset": 1, "trained": 1}


def test_asking_again_computes_nothing(repetition):
    assert repetition().found() is None
    first, again = repetition().score(), repetition().score()
    assert again.found
    assert again == replace(first, found=True)
    assert repetition().found() == again


def test_selectors_share_the_clustering(repetition, tmp_path):
    for selector in (Nearest(), Furthest()):
        repetition(selector=selector).score()
    assert entries(tmp_path) == {"embedding": 1, "clustering": 1, "subset": 2, "trained": 2}


def test_repetitions_share_the_embedding_and_nothing_else(repetition, tmp_path):
    for number in (0, 1):
        repetition(number).score()
    assert entries(tmp_path) == {"embedding": 1, "clustering": 2, "subset": 2, "trained": 2}


def test_a_training_is_known_by_its_rows_and_not_by_who_chose_them(repetition, tmp_path):
    # With one row for each cluster, a hybrid keeps the nearest.
    one, other = (repetition(selector=each, budget=5) for each in (Nearest(), Hybrid()))
    assert one.key != other.key
    assert training_key(one) == training_key(other)
    assert one.score().accuracy == other.score().accuracy
    assert entries(tmp_path)["trained"] == 1


def test_the_baseline_needs_neither_embedding_nor_clusters(repetition, dataset, tmp_path):
    one = repetition()
    replace(one, method=one.method.baseline()).score()
    assert entries(tmp_path) == {"embedding": 0, "clustering": 0, "subset": 1, "trained": 1}


def test_every_method_of_a_budget_has_the_same_baseline(repetition):
    others = [
        repetition(selector=Furthest()),
        repetition(clusterer=Sklearn(k=7), embedding=PCA(components=3)),
    ]
    assert len({replace(one, method=one.method.baseline()).key for one in others}) == 1


CHANGES = {
    "embedding": PCA(components=3),
    "clusterer": Sklearn(k=6),
    "selector": Furthest(),
    "model": MLP(hidden=(9,)),
    "trainer": Lightning(steps=6),
    "budget": 11,
    "seed": 1,
}


@pytest.mark.parametrize("part", CHANGES)
def test_whatever_changes_a_result_changes_its_key(repetition, part):
    assert repetition(**{part: CHANGES[part]}).key != repetition().key
    assert repetition(1).key != repetition(0).key


@pytest.mark.parametrize("part", ["model", "trainer", "seed"])
def test_whatever_changes_a_training_changes_its_key(repetition, part):
    assert training_key(repetition(**{part: CHANGES[part]})) != training_key(repetition())


def test_other_pixels_change_every_key(repetition, dataset):
    x = np.array(dataset.x)
    x[0, 0, 0, 0] += 1
    one, other = repetition(), repetition(of=replace(dataset, x=x))
    assert one.embedding.key != other.embedding.key
    assert one.key != other.key
    assert training_key(one) != training_key(other)


def test_changing_the_selector_leaves_the_training_streams_alone(repetition):
    everything = [repetition(selector=each, budget=45) for each in (Nearest(), Uniform(), Full())]
    assert len({training_key(each) for each in everything}) == 1


@pytest.mark.parametrize("selector", [Nearest(), EL2N()])
def test_another_network_learns_from_the_rows_that_were_kept_for_the_first(repetition, selector):
    own = repetition(selector=selector)
    other = replace(own, method=own.method.on(MLP(hidden=(9,))))
    assert own.subset.key == other.subset.key
    assert own.key != other.key
    assert training_key(own) != training_key(other)


def test_another_network_takes_one_more_training_and_nothing_else(repetition, tmp_path):
    own = repetition()
    for each in (own, replace(own, method=own.method.on(MLP(hidden=(9,))))):
        each.score()
    assert entries(tmp_path) == {"embedding": 1, "clustering": 1, "subset": 1, "trained": 2}


def test_kept_rows_and_trainings_are_found_by_another_process_of_the_same_code(repetition):
    first = repetition()
    again = Repetition(first.method, first.dataset, first.cache, 0)
    assert (first.key, first.subset.key) == (again.key, again.subset.key)


def test_embedded_rows_are_a_file_of_the_cache_and_the_same_without_one(repetition, dataset, tmp_path):
    stored = repetition().embedding.value.arrays["X"]
    assert Path(stored.filename).is_relative_to(tmp_path / "embedding")
    for cache in (Cache(tmp_path / "elsewhere", read_only=True), NoCache(tmp_path)):
        choice = Choice(repetition().method, dataset, cache, 0)
        np.testing.assert_array_equal(choice.embedding.value.arrays["X"], stored)
    np.testing.assert_array_equal(PCA(components=2).fit_transform(dataset.x), stored)


def test_the_time_of_an_embedding_is_noted(repetition):
    assert set(repetition().embedding.value.info["stages"]) == {"embed"}
    assert set(repetition().clustering.value.info["stages"]) == {"embed", "cluster"}


def test_an_embedding_that_fails_on_its_way_leaves_nothing(repetition, tmp_path):
    class Broken(PCA):
        def embed(self, x):
            yield np.ones((7, 2), np.float32)
            raise InvalidValue("must not break, got a break")

    with pytest.raises(InvalidValue, match="must not break"):
        repetition(embedding=Broken(components=2)).embedding.value  # noqa: B018
    assert entries(tmp_path)["embedding"] == 0
    assert list(tmp_path.glob("embedding/*/.tmp-*")) == []
