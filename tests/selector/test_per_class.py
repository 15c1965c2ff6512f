import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from sklearn.datasets import load_digits

from winnow.selector.auto import Auto
from winnow.selector.kcenter import KCenter
from winnow.selector.per_class import PerClass
from winnow.store.keys import identity
from winnow.types import Clustering

X = np.float32([[0], [1], [2], [50], [51], [60]])
Y = np.array([0, 0, 0, 1, 1, 1])
CLUSTERING = Clustering(np.float32([[1]]), np.zeros(6, np.int64), np.abs(X.ravel() - 1.0).astype(float))


def kept(of, budget, seed=0):
    return PerClass(of).select(X, Y, CLUSTERING, budget=budget, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(("of", "rows"), [("nearest", [1, 3]), ("kmedoids", [1, 4])])
def test_every_class_is_judged_by_itself(of, rows):
    # All rows are one cluster around 1; blind to classes, both would keep rows of class 0 only.
    assert kept(of, 2).indices.tolist() == rows


@pytest.mark.parametrize("of", ["kcenter", "uniform", "random", "moderate", "probability_cover"])
def test_classes_have_their_share_whatever_the_selector(of):
    assert np.bincount(Y[kept(of, 4).indices]).tolist() == [2, 2]


def test_the_notes_of_every_class_are_kept():
    assert kept("kcenter", 2).provenance == {"per_class": {"0": {"topped_up": 0}, "1": {"topped_up": 0}}}


@pytest.mark.parametrize("option", ["per_class", "full", "from_file", "neares", "../quota"])
def test_the_config_door_refuses_what_cannot_work_inside_a_class(option):
    with pytest.raises(ValidationError, match=r"Input should be one of \['.*nearest"):
        TypeAdapter(PerClass).validate_python({"of": option})


def test_the_code_of_the_inner_selector_is_part_of_the_identity():
    assert identity(KCenter()) in identity(PerClass("kcenter"))


def test_a_selector_inside_a_class_is_told_what_a_row_is_worth():
    assert PerClass("auto").weighs_augmentation
    assert not PerClass("nearest").weighs_augmentation
    X, one_class = load_digits().data.astype(np.float32), np.zeros(1797, np.int64)
    distances = np.linalg.norm(X - X.mean(axis=0), axis=1).astype(float)
    clustering = Clustering(X.mean(axis=0, keepdims=True), one_class, distances)

    def tilt(selector, worth):
        rng = np.random.default_rng(0)
        told = selector.select(X, one_class, clustering, budget=10, rng=rng, worth=worth).provenance
        return told.get("per_class", {"0": told})["0"]["tilt"]

    assert tilt(PerClass("auto"), 1.0) == tilt(Auto(), 1.0) < 0
    assert tilt(PerClass("auto"), 10.0) == tilt(Auto(), 10.0) == 0
