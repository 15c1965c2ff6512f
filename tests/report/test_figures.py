"""Figures are drawn of what was measured."""

from dataclasses import replace

import pytest
from PIL import Image

from winnow.report import figures
from winnow.report.rows import Row
from winnow.report.smallest import Target

OPTIONS = {"dataset": "toy", "model": "mlp", "augment": "none"}


def row(job=0, selector="nearest", budget=10, k=10, accuracies=(90.0, 92.0, 91.0)) -> Row:
    return Row(
        job,
        "ok",
        selector,
        k,
        budget,
        options=OPTIONS,
        accuracies=accuracies,
        baseline=[89.0] * len(accuracies),
    )


def test_repetitions_of_several_k_are_pooled_along_the_budget():
    several = [row(0, k=5, accuracies=[80.0, 82.0]), row(1, k=10, accuracies=[84.0, 90.0])]
    assert figures._along_budgets(several) == ([10], [83.0], [3.0], [7.0])


def test_the_search_is_drawn_whether_or_not_the_target_was_reached(tmp_path):
    uniform = {10: [80.0, 82.0], 40: [88.0, 90.0]}
    curves = {"nearest": {10: [91.0, 96.0], 40: [96.0, 97.0]}, "uniform": uniform}
    path = figures.smallest(curves, Target(95.0), "toy", tmp_path / "smallest.png")
    with Image.open(path) as picture:
        assert min(picture.size) > 600


def test_the_figure_is_drawn(tmp_path):
    path = figures.accuracy([row(0), row(1, budget=20), row(2, "furthest")], tmp_path / "accuracy.png")
    with Image.open(path) as picture:
        assert min(picture.size) > 600


@pytest.mark.parametrize("accuracy", [0.0, 50.0, 100.0])
def test_a_single_point_is_drawn(accuracy, tmp_path):
    alone = row(selector="uniform", accuracies=(accuracy,))
    assert figures.accuracy([alone], tmp_path / "accuracy.png").stat().st_size > 0


@pytest.mark.parametrize(
    "change",
    [
        {"accuracies": (90.0, 92.0, 91.5)},
        {"baseline": (89.0, 89.0, 88.0)},
        {"budget": 11},
        {"selector": "furthest"},
        {"options": OPTIONS | {"model": "lenet5"}},
    ],
)
def test_what_is_drawn_otherwise_has_another_key(change):
    assert figures.accuracy_key([row()]) != figures.accuracy_key([replace(row(), **change)])


def test_what_is_not_drawn_leaves_the_key_alone():
    told = replace(row(), job=3, status="cached", seconds={"train": 9.0}, run_id="ab12")
    assert figures.accuracy_key([row()]) == figures.accuracy_key([told])
