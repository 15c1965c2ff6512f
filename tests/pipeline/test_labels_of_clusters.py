"""A network that learns the clusters of rows scores these without any label."""

from dataclasses import replace

import numpy as np
import pytest

from winnow.dynamics.short_training import ShortTraining
from winnow.errors import InvalidValue
from winnow.pipeline import Choice
from winnow.registry import default
from winnow.selector.el2n import EL2N
from winnow.selector.nearest import Nearest
from winnow.selector.stratified import Stratified
from winnow.types import Rows

ON_CLUSTERS = ShortTraining(epochs=2, batch_size=16, min_steps=1, labels="clusters", clusters=3)
WATCHING = ("el2n", "aum", "ccs", "dual", "drop", "d2_pruning", "forgetting", "entropy", "margin")


def kept(choice):
    return choice.subset.value.arrays["indices"].tolist()


@pytest.mark.parametrize("name", WATCHING)
def test_other_labels_change_nothing(repetition, dataset, name):
    parts = {"selector": default("selector", name), "dynamics": ON_CLUSTERS}
    turned = replace(dataset, y=(dataset.y + 1) % 3)
    assert kept(repetition(**parts)) == kept(repetition(of=turned, **parts))


def test_rows_without_labels_are_scored(repetition, dataset):
    labelled = repetition(selector=EL2N(), dynamics=ON_CLUSTERS)
    rows = Rows("toy", dataset.x)
    assert kept(Choice(labelled.method, rows, labelled.cache, 0)) == kept(labelled)


def test_the_labels_are_learnt_by_default(repetition, dataset):
    learnt = repetition(selector=EL2N())
    with pytest.raises(InvalidValue, match="must have labels"):
        kept(Choice(learnt.method, Rows("toy", dataset.x), learnt.cache, 0))


def test_where_clusters_are_the_classes_the_rows_are_the_same(repetition, dataset):
    # The three shades of the data set are its clusters; numbered by k-means as the classes happen to be.
    clusters = repetition(selector=EL2N(), dynamics=ON_CLUSTERS).labels_of_clusters.value.arrays["labels"]
    renamed = replace(dataset, y=clusters)
    assert len(np.unique(dataset.y * 3 + clusters)) == 3
    given = replace(ON_CLUSTERS, labels="given")
    of_classes = kept(repetition(of=renamed, selector=EL2N(), dynamics=given))
    assert of_classes == kept(repetition(selector=EL2N(), dynamics=ON_CLUSTERS))


def test_it_is_declared(repetition):
    assert not repetition(selector=EL2N(), dynamics=ON_CLUSTERS).method.reads_all_labels
    assert repetition(selector=EL2N()).method.reads_all_labels
    # Those that watch no network are what they are.
    assert repetition(selector=Stratified(), dynamics=ON_CLUSTERS).method.reads_all_labels
    nearest = repetition(selector=Nearest(), dynamics=ON_CLUSTERS)
    assert not nearest.method.learns_clusters
    assert nearest.subset.key == repetition(selector=Nearest()).subset.key


def test_there_are_at_most_a_tenth_as_many_clusters_as_rows(repetition):
    many = replace(ON_CLUSTERS, clusters=100)  # 45 rows
    assert len(repetition(selector=EL2N(), dynamics=many).labels_of_clusters.value.arrays["centroids"]) == 4
