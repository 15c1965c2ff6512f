"""The coordinates of the charts, on numbers worked by hand."""

import pytest

from winnow.report._accuracy_chart import MOST_LINES, accuracy_chart
from winnow.report._chart_axes import Axis
from winnow.report._difference_chart import MOST_DIFFERENCES, difference_chart
from winnow.report.results import Results
from winnow.report.rounds import rounds_chart


def test_a_scale_without_extent_puts_everything_in_its_middle():
    assert Axis(3.0, 3.0, 0.0, 100.0)(3.0) == 50.0


def test_budgets_stand_on_a_logarithmic_axis(job):
    results = Results([*job(budget=10), *job(budget=20, job=1), *job(budget=80, job=2)])
    ticks = accuracy_chart(results).x_ticks
    assert [tick.text for tick in ticks] == ["10", "20", "80"]
    # From 44 + 16 to 480 - 12 - 16: doubling goes a third of the way.
    assert [tick.at for tick in ticks] == [60.0, 190.7, 452.0]


def test_halving_the_errors_is_always_the_same_step(job):
    # Errors 20, 10, 5: the medians of nearest at three budgets.
    rows = [
        row
        for number, (budget, accuracy) in enumerate([(10, 80.0), (20, 90.0), (40, 95.0)])
        for row in job(
            budget=budget, job=number, accuracies=[accuracy] * 3, baseline={"accuracies": [85.0] * 3}
        )
    ]
    (line,) = [line for line in accuracy_chart(Results(rows)).lines if line.label == "nearest"]
    bottom, middle, top = (dot.y for dot in line.dots)
    assert bottom - middle == pytest.approx(middle - top, abs=0.2)
    assert top < middle < bottom  # better is higher up


def test_a_band_goes_along_the_best_repetitions_and_back_along_the_worst(job):
    results = Results([*job(budget=10), *job(budget=20, job=1)])
    uniform, nearest = accuracy_chart(results).lines
    assert (uniform.label, uniform.colour, uniform.dashed) == ("uniform", "currentColor", True)
    assert (nearest.label, nearest.dashed) == ("nearest", False)
    corners = [tuple(map(float, corner.split(","))) for corner in nearest.band.split()]
    first, second = nearest.dots
    assert corners == [
        (first.x, first.high),
        (second.x, second.high),
        (second.x, second.low),
        (first.x, first.low),
    ]
    assert nearest.dots[0].text == "nearest, 10: 91.00 % (90.00 to 92.00, n=3)"


def test_with_a_single_budget_dots_stand_beside_each_other_with_their_range(job):
    uniform, nearest = accuracy_chart(Results(job())).lines
    assert uniform.band == nearest.band == ""
    assert [line.dots[0].x for line in (uniform, nearest)] == [226.0, 286.0]  # 30 from the middle, 256
    assert nearest.dots[0].high < nearest.dots[0].y < nearest.dots[0].low


def test_all_data_and_the_target_are_lines_across(job, row):
    full = row("full", 60, accuracies=[98.0, 99.0, 98.5])
    chart = accuracy_chart(Results([*job(), full]), target=95.0)
    assert [(level.label, level.is_target) for level in chart.levels] == [
        ("all data 98.50 %", False),
        ("target 95 %", True),
    ]
    assert chart.levels[0].y < chart.levels[1].y
    assert [tick.text for tick in chart.x_ticks] == ["10"]  # 60 rows are all of them: no budget


def test_only_all_data_are_no_chart(row):
    assert accuracy_chart(Results([row("full", 60)])) is None


def test_differences_stand_right_of_the_zero_where_they_are_better(job):
    results = Results([*job(), *job("furthest", job=1, accuracies=[88.0, 89.0, 89.0])])
    chart = difference_chart(results)
    better, worse = chart.lines
    assert (better.label, worse.label) == ("nearest 10", "furthest 10")
    assert worse.mean < chart.zero < better.mean
    # +1, +2, +1 points and -1, -1, -1: the axis goes 5 % of the range beyond -1 and the interval of +1.33.
    end = 4 / 3 + 4.3027 / 3
    low, high = -1 - 0.05 * (end + 1), end + 0.05 * (end + 1)
    scale = (480 - 12 - 132) / (high - low)
    assert better.each == [pytest.approx(132 + scale * (value - low), abs=0.1) for value in (1, 2, 1)]
    assert worse.low == worse.high == worse.mean
    assert worse.text == "furthest 10: -1.00 [-1.00, -1.00] points, n=3"


def test_a_single_pair_has_no_interval(job):
    one = {"accuracies": [90.0]}
    (line,) = difference_chart(Results(job(accuracies=[92.0], baseline=one))).lines
    assert line.low == line.high == line.mean
    assert line.text == "nearest 10: +2.00 points, n=1"


def test_nothing_compared_is_no_chart(row):
    assert difference_chart(Results([row("uniform")])) is None


def test_what_has_no_room_is_counted(job):
    rows = [row for number in range(60) for row in job(f"selector_{number}", job=number)]
    assert difference_chart(Results(rows)).left_out == 60 - MOST_DIFFERENCES
    assert accuracy_chart(Results(rows)).left_out == 61 - MOST_LINES  # uniform is a line, too


def test_one_way_of_choosing_has_one_colour_in_both_charts(job):
    results = Results([*job(), *job("furthest", job=1)])
    lines = {line.label: line.colour for line in accuracy_chart(results).lines}
    differences = {line.label.split()[0]: line.colour for line in difference_chart(results).lines}
    assert differences == {name: lines[name] for name in ("nearest", "furthest")}


def curve(*points):
    """Of each round: labels read before, rows drawn by chance and asked for, and the accuracies on both."""
    names = ("labels", "random", "accuracy_of_random", "asked", "accuracy_of_asked")
    return [dict(zip(names, point, strict=True)) for point in points]


def test_rounds_are_two_lines_of_all_repetitions_together(job):
    results = Results(job("rounds"))
    once, again = curve((10, 2, 50.0, 8, 25.0), (20, 2, 100.0, 8, 50.0)), curve((10, 6, 50.0, 4, 25.0))
    chart = rounds_chart(results, {results.finished[0].key: [once, again]})
    chance, asked = chart.lines
    assert [(line.label, line.kind, line.dashed) for line in chart.lines] == [
        ("rounds", "drawn by chance", False),
        ("rounds", "asked for", True),
    ]
    assert [(dot.labels, dot.rows, dot.accuracy) for dot in chance.dots] == [(10, 8, 50.0), (20, 2, 100.0)]
    assert [(dot.labels, dot.rows, dot.accuracy) for dot in asked.dots] == [(10, 12, 25.0), (20, 8, 50.0)]
    assert [tick.text for tick in chart.x_ticks] == ["10", "20"]
    # From 25 to 100 %, and 6 % of that beyond, on 240 - 40 - 18 units from the bottom up.
    assert [dot.y for dot in chance.dots] == [
        pytest.approx(200 - 182 * part, abs=0.1) for part in (29.5 / 84, 79.5 / 84)
    ]
    assert "a dot of 2 leaves up to 69 points" in chart.caption  # 98 / sqrt(2)
    assert asked.dots[0].text == "rounds, 10 labels read: 25.0 % of 12 rows asked for"


def test_a_query_by_chance_asks_for_no_row_and_has_one_line(job):
    results = Results(job("rounds"))
    chart = rounds_chart(results, {results.finished[0].key: [curve((10, 10, 50.0, 0, None))]})
    assert [line.kind for line in chart.lines] == ["drawn by chance"]
    assert "asked for" not in chart.caption


def test_every_budget_in_rounds_has_a_line_of_its_own(job):
    results = Results([*job("rounds"), *job("rounds", budget=20, job=1)])
    keys = [row.key for row in results.finished if row.selector == "rounds"]
    chart = rounds_chart(results, {key: [curve((5, 1, 0.0, 4, 0.0))] for key in keys})
    assert [line.label for line in chart.lines[::2]] == ["rounds 10", "rounds 20"]


@pytest.mark.parametrize("curves", [[], [[]]])
def test_rows_that_were_chosen_at_once_are_no_chart_of_rounds(job, curves):
    results = Results(job())
    assert rounds_chart(results, {results.finished[0].key: curves}) is None
    assert rounds_chart(results, {}) is None
