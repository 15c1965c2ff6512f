"""Figures are drawn of what was measured."""

import numpy as np
import pytest
from PIL import Image

from winnow.report import figures
from winnow.report._accuracy_axis import middles_and_reach
from winnow.report.results import Results
from winnow.report.smallest import Target


@pytest.fixture
def drawn(monkeypatch):
    """The axes of every figure drawn, instead of files."""
    axes = []
    monkeypatch.setattr(figures, "save_figure", lambda figure, path, dpi: axes.extend(figure.axes) or path)
    return axes


def test_repetitions_of_several_k_are_pooled_along_the_budget(row):
    several = [row(k=5, accuracies=[80.0, 82.0]), row(k=10, accuracies=[84.0, 90.0])]
    assert middles_and_reach(several) == ([10], [83.0], [3.0], [7.0])


def test_the_search_is_drawn_whether_or_not_the_target_was_reached(tmp_path):
    uniform = {10: [80.0, 82.0], 40: [88.0, 90.0]}
    curves = {"nearest": {10: [91.0, 96.0], 40: [96.0, 97.0]}, "uniform": uniform}
    path = figures.smallest(curves, Target(95.0), "toy", tmp_path / "smallest.png")
    with Image.open(path) as picture:
        assert min(picture.size) > 600


def test_the_figure_is_drawn(tmp_path, job):
    results = Results([*job(), *job(budget=20, job=1), *job("furthest", job=2)])
    with Image.open(figures.accuracy(results, tmp_path / "accuracy.png")) as picture:
        assert min(picture.size) > 600


def test_several_budgets_are_an_axis_with_a_line_for_each_selector(drawn, tmp_path, job):
    figures.accuracy(Results([*job(), *job(budget=20, job=1)]), tmp_path / "accuracy.png")
    (axes,) = drawn
    assert axes.get_legend_handles_labels()[1] == ["uniform", "nearest"]
    assert axes.get_xticks().tolist() == [10, 20]


def test_a_single_budget_is_drawn_as_differences_with_their_interval(drawn, tmp_path, job):
    results = Results([*job("nearest"), *job("furthest", job=1, accuracies=[88.0, 90.0, 91.0])])
    figures.accuracy(results, tmp_path / "accuracy.png")
    (axes,) = drawn
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["nearest", "furthest"]
    means = [container.lines[0].get_xdata()[0] for container in axes.containers]
    assert means == pytest.approx([4 / 3, 0.0])  # +1 +2 +1, and -1 0 +1
    pairs = results.comparison(results.finished[0])
    (interval,) = axes.containers[0].lines[2]
    np.testing.assert_allclose(interval.get_segments()[0][:, 0], [pairs.low, pairs.high])
    dots = [line.get_xdata().tolist() for line in axes.lines if line.get_marker() == "."]
    assert dots == [[1.0, 2.0, 1.0], [-1.0, 0.0, 1.0]]


def test_of_several_k_at_a_single_budget_each_is_named(drawn, tmp_path, job):
    rows = [*job(k=5, key="5"), *job(k=10, key="10", job=1)]
    figures.accuracy(Results(rows), tmp_path / "accuracy.png")
    assert [tick.get_text() for tick in drawn[0].get_yticklabels()] == ["nearest k=5", "nearest k=10"]


@pytest.mark.parametrize("accuracy", [0.0, 50.0, 100.0])
def test_a_single_point_is_drawn(accuracy, tmp_path, row, job):
    alone = Results([row("uniform", accuracies=[accuracy])])
    pair = Results(job(accuracies=[accuracy], baseline={"accuracies": [50.0]}))
    for number, results in enumerate((alone, pair)):
        assert figures.accuracy(results, tmp_path / f"{number}.png").stat().st_size > 0


@pytest.mark.parametrize("name", ["$\\frac$", "_x", "\x1b[2J", "猫", ""])
@pytest.mark.parametrize("budgets", [(10,), (10, 20)])
def test_any_name_is_drawn_without_a_warning(name, budgets, tmp_path, job):
    options = {"dataset": name, "model": "mlp", "selector.end": name}
    rows = [row for budget in budgets for row in job(budget=budget, options=options)]
    rows += job("furthest", budgets[0], job=9, options=options | {"dataset": f"{name}2"})
    assert figures.accuracy(Results(rows), tmp_path / "accuracy.png").stat().st_size > 0
