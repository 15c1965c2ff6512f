"""The comparison on photographs, with points in place of photographs."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from winnow.selector.furthest import Furthest
from winnow.selector.nearest import Nearest
from winnow.streams import Streams
from winnow.types import Dataset

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def photographs(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("photographs")


@pytest.fixture
def two_animals():
    """Ten rows of each class about -1 and +1 for training, and one of each for the test."""
    x = np.float32([[-1 - i / 100] for i in range(10)] + [[1 + i / 100] for i in range(10)])
    y = np.repeat([0, 1], 10)
    return Dataset("animals", x, y, np.float32([[-1], [1]]), np.array([0, 1]), ("cat", "dog"))


def space(photographs, dataset):
    return photographs.Embedded.of(np.concatenate([dataset.x, dataset.x_test]), dataset.n)


def test_neighbours_of_the_same_class_are_right_and_others_wrong(photographs, two_animals):
    rows = space(photographs, two_animals)
    assert photographs.neighbour_accuracy(rows, two_animals) == 1.0
    mirrored = photographs.Embedded(rows.X, -rows.X_test)
    assert photographs.neighbour_accuracy(mirrored, two_animals) == 0.0


def test_values_are_scaled_by_the_training_rows_alone(photographs):
    rows = photographs.Embedded(np.array([[0.0, 5.0], [2.0, 5.0]]), np.array([[3.0, 6.0]]))
    scaled = rows.standardised()
    assert scaled.X.tolist() == [[-1, 0], [1, 0]]
    assert scaled.X_test.tolist() == [[2, 1]]


def test_photographs_of_one_class_teach_that_class_alone(photographs, two_animals):
    rows = space(photographs, two_animals)
    assert photographs.probe(rows, two_animals, np.array([0, 3])) == 50.0
    assert photographs.probe(rows, two_animals, np.array([0, 19])) == 100.0


def test_one_photograph_of_each_cluster_is_enough_where_clusters_are_classes(photographs, two_animals):
    rows = space(photographs, two_animals)
    accuracy = photographs.compare(
        {"PCA": rows, "features": rows}, two_animals, {"nearest": Nearest()}, budget=2, draws=6
    )
    assert accuracy["nearest in features"] == accuracy["nearest in PCA"] == [100.0] * 6
    assert set(accuracy["uniform"]) == {50.0, 100.0}


def test_each_selector_chooses_in_each_space_as_winnow_does(photographs, two_animals):
    rows = space(photographs, two_animals)
    selectors = {"nearest": Nearest(), "furthest": Furthest()}
    kept = photographs.chosen({"PCA": rows, "features": rows}, two_animals, selectors, 2, Streams(0, 0))
    # The classes lie at -1.00 .. -1.09 and 1.00 .. 1.09, so their means are 4.5 steps from the first row.
    assert {row % 10 for row in kept["nearest in PCA"].tolist()} <= {4, 5}
    assert {row % 10 for row in kept["furthest in features"].tolist()} <= {0, 9}
    assert list(kept) == [
        *("nearest in features", "furthest in features", "nearest in PCA", "furthest in PCA"),
        "uniform",
    ]


def test_the_table_tells_pairs_won_tied_and_lost(photographs):
    table = photographs.lines({"nearest in PCA": [80.0, 70.0, 1.0], "uniform": [60.0, 70.0, 2.0]})
    # Differences of 20, 0 and -1: their mean is 19 / 3.
    assert table[2].startswith("| nearest in PCA | 50.3 | 43.0 | 1.0 | +6.33 [")
    assert table[2].endswith("| 1/1/1 |")
    assert table[3] == "| uniform | 44.0 | 36.7 | 2.0 | baseline | |"
