from importlib import import_module
from itertools import count
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture
def line(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return import_module("benchmarks.line")


def test_a_line_shows_medians_the_lowest_and_their_ratio(line):
    measured = line.Line("sum", "a loop", [6.0, 4.0, 9.0], [2.0, 1.0, 3.0], target=2, floor=0.5, note="equal")
    cells = ["sum", "a loop", "6 s (4)", "2 s (1)", "3x", "2x", "0.5 s (4x)", "3", "equal"]
    assert measured.markdown() == f"| {' | '.join(cells)} |"
    assert measured.reached


def test_a_mark_is_missed_below_it_and_where_nothing_was_measured(line):
    assert not line.Line("sum", other=[4.0], own=[2.0], target=2.1).reached
    assert not line.Line("sum", target=2, note="not installed").reached
    assert line.Line("sum", own=[2.0]).reached


def test_methods_take_turns(line):
    called, ticks = [], count()
    seconds = line.alternate(
        {"a": lambda number: called.append(("a", number)), "b": lambda number: called.append(("b", number))},
        2,
        clock=lambda: float(next(ticks)),
    )
    assert called == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert seconds == {"a": [1.0, 1.0], "b": [1.0, 1.0]}


@pytest.fixture
def kmeans(line):
    return import_module("benchmarks.kmeans")


def test_of_settings_that_are_good_enough_the_fastest_is_taken(kmeans):
    quick, good, slow = (kmeans.Tried({}, *each) for each in ((1.0, 120.0), (2.0, 100.0), (3.0, 90.0)))
    assert kmeans.fastest([slow, good, quick], 100) is good
    assert kmeans.fastest([slow, good, quick], 130) is quick


def test_where_none_is_good_enough_it_is_the_fastest_that_is_nearly_the_best(kmeans):
    quick, near, best = (kmeans.Tried({}, *each) for each in ((1.0, 120.0), (2.0, 100.4), (3.0, 100.0)))
    assert kmeans.fastest([quick, near, best], 90) is near
