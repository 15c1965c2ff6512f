import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from winnow.pool import Pool
from winnow.selector.kcenter import KCenter
from winnow.selector.per_class import PerClass
from winnow.store.keys import identity
from winnow.types import Clustering

X = np.float32([[0], [1], [2], [50], [51], [60]])
Y = np.array([0, 0, 0, 1, 1, 1])
CLUSTERING = Clustering(np.float32([[1]]), np.zeros(6, np.int64), np.abs(X.ravel() - 1.0).astype(float))


def kept(of, budget, seed=0):
    pool = Pool(6, X=X, y=Y, clustering=CLUSTERING)
    return PerClass(of).select(pool, budget=budget, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(("of", "rows"), [("nearest", [1, 3]), ("kmedoids", [1, 4])])
def test_every_class_is_judged_by_itself(of, rows):
    # All rows are one cluster around 1; blind to classes, both would keep rows of class 0 only.
    assert kept(of, 2).indices.tolist() == rows


@pytest.mark.parametrize("of", ["kcenter", "uniform", "random", "moderate", "probability_cover"])
def test_classes_have_their_share_whatever_the_selector(of):
    assert np.bincount(Y[kept(of, 4).indices]).tolist() == [2, 2]


def test_the_notes_of_every_class_are_kept():
    assert kept("kcenter", 2).provenance == {"per_class": {"0": {"topped_up": 0}, "1": {"topped_up": 0}}}


@pytest.mark.parametrize("option", ["per_class", "full", "from_file", "rounds", "neares", "../quota"])
def test_the_config_door_refuses_what_cannot_work_inside_a_class(option):
    with pytest.raises(ValidationError, match=r"Input should be one of \['.*nearest"):
        TypeAdapter(PerClass).validate_python({"of": option})


def test_the_code_of_the_inner_selector_is_part_of_the_identity():
    assert identity(KCenter()) in identity(PerClass("kcenter"))


@pytest.mark.parametrize(
    ("of", "needs"),
    [
        ("uniform", {"y"}),
        ("nearest", {"y", "clustering"}),
        ("aum", {"y", "dynamics"}),
        ("grand", {"y", "dynamics", "gradient_norms"}),
        ("auto", {"y", "X", "clustering", "labels_of_kept"}),
    ],
)
def test_it_needs_the_labels_and_what_the_inner_selector_needs(of, needs):
    assert PerClass(of).needs == needs
