"""The chain: what is computed, how often, and which random streams a change leaves alone."""

from dataclasses import replace

import numpy as np
import pytest

from winnow.clusterer.sklearn import Sklearn
from winnow.embedding.pca import PCA
from winnow.model.mlp import MLP
from winnow.pipeline import Pipeline
from winnow.selector.el2n import EL2N
from winnow.selector.full import Full
from winnow.selector.furthest import Furthest
from winnow.selector.nearest import Nearest
from winnow.selector.uniform import Uniform
from winnow.store.cache import Cache
from winnow.trainer.lightning import Lightning


def entries(folder):
    """How many results of each kind there are."""
    kinds = ("embedding", "clustering", "subset", "trained")
    return {kind: len(list((folder / kind).glob("*/*/entry.json"))) for kind in kinds}


def test_one_repetition_computes_every_step_once(pipeline, tmp_path):
    assert not pipeline().train(0).found
    assert entries(tmp_path) == {"embedding": 1, "clustering": 1, "subset": 1, "trained": 1}


def test_asking_again_computes_nothing(pipeline):
    first = pipeline().train(0)
    again = pipeline().train(0)
    assert again.found
    assert again.arrays["predictions"].tolist() == first.arrays["predictions"].tolist()


def test_selectors_share_the_clustering(pipeline, tmp_path):
    for selector in (Nearest(), Furthest()):
        pipeline(selector=selector).train(0)
    assert entries(tmp_path) == {"embedding": 1, "clustering": 1, "subset": 2, "trained": 2}


def test_repetitions_share_the_embedding_and_nothing_else(pipeline, tmp_path):
    for repetition in (0, 1):
        pipeline().train(repetition)
    assert entries(tmp_path) == {"embedding": 1, "clustering": 2, "subset": 2, "trained": 2}


def test_the_baseline_needs_neither_embedding_nor_clusters(pipeline, dataset, tmp_path):
    baseline = pipeline().method.baseline()
    Pipeline(baseline, dataset, Cache(tmp_path)).train(0)
    assert entries(tmp_path) == {"embedding": 0, "clustering": 0, "subset": 1, "trained": 1}


def test_every_method_of_a_budget_has_the_same_baseline(pipeline, dataset):
    methods = [
        pipeline(selector=Furthest()),
        pipeline(clusterer=Sklearn(k=7), embedding=PCA(components=3)),
    ]
    keys = {Pipeline(one.method.baseline(), dataset, one.cache).run_key(5) for one in methods}
    assert len(keys) == 1


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
def test_whatever_changes_a_result_changes_its_key(pipeline, part):
    changed = pipeline(**{part: CHANGES[part]})
    assert changed.trained_key(0) != pipeline().trained_key(0)


def test_other_pixels_change_every_key(pipeline, dataset):
    x = np.array(dataset.x)
    x[0, 0, 0, 0] += 1
    one, other = pipeline(), pipeline(replace(dataset, x=x))
    assert one.embedding_key != other.embedding_key
    assert one.trained_key(0) != other.trained_key(0)


def test_more_repetitions_keep_those_that_exist(pipeline):
    one = pipeline()
    assert one.run_key(2) != one.run_key(3)
    one.train(1)
    assert pipeline().finished(1) is not None
    assert pipeline().finished(2) is None


def test_changing_the_selector_leaves_the_training_streams_alone(pipeline):
    # Kept rows that are equal must train to equal weights, whichever selector found them.
    everything = [
        pipeline(selector=selector, budget=45).train(0) for selector in (Nearest(), Uniform(), Full())
    ]
    losses = {entry.arrays["losses"].tobytes() for entry in everything}
    assert len(losses) == 1


def test_other_networks_change_the_run_and_not_the_trainings(pipeline):
    one, other = pipeline(), pipeline(model=MLP(hidden=(9,)))
    assert one.run_key(2, [other]) != one.run_key(2)
    assert one.run_key(2, [other]) != one.run_key(2, [one])
    assert one.subset_key(0) == other.subset_key(0)


@pytest.mark.parametrize("selector", [Nearest(), EL2N()])
def test_another_network_learns_from_the_rows_that_were_kept_for_the_first(pipeline, selector):
    own = pipeline(selector=selector)
    other = pipeline(selector=selector, transfer=MLP(hidden=(9,)))
    assert own.subset_key(0) == other.subset_key(0)
    assert own.trained_key(0) != other.trained_key(0)


def test_another_network_takes_one_more_training_and_nothing_else(pipeline, tmp_path):
    for transfer in (None, MLP(hidden=(9,))):
        pipeline(transfer=transfer).train(0)
    assert entries(tmp_path) == {"embedding": 1, "clustering": 1, "subset": 1, "trained": 2}
