"""The search ends at the crossing, shares its rungs, and says how sure it is."""

from itertools import pairwise
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.report.smallest import (
    SmallestBudget,
    Target,
    answers,
    crossing,
    ladder,
    next_budget,
    next_round,
    smallest_budget,
    tried,
)


def search(reaches, most=1000, start=16):
    """Search with a function in place of training; return which budgets were tried, in order."""
    reached, rungs = {}, ladder(most)
    while (budget := next_budget(reached, rungs, start)) is not None:
        assert budget not in reached
        reached[budget] = reaches(budget)
    return reached


@given(threshold=st.integers(1, 1000), start=st.integers(1, 2000))
def test_the_smallest_rung_that_reaches_is_found_in_few_tries(threshold, start):
    reached = search(lambda budget: budget >= threshold, start=start)
    smallest = min(budget for budget, hit in reached.items() if hit)
    assert smallest == min(rung for rung in ladder(1000) if rung >= threshold)
    assert len(reached) <= 13


@given(st.integers(1, 100_000))
def test_rungs_ascend_to_the_end_by_one_row_or_about_a_tenth(most):
    rungs = ladder(most)
    assert (rungs[0], rungs[-1]) == (1, most)
    for low, high in pairwise(rungs):
        assert 1 <= high - low <= max(1, 0.16 * low)
    assert set(rungs[:-1]) < set(ladder(2 * most))


@given(st.sets(st.sampled_from(ladder(1000))))
def test_whatever_noise_does_the_search_ends_below_its_smallest_success(lucky):
    reached = search(lambda budget: budget in lucky)
    smallest = min((budget for budget, hit in reached.items() if hit), default=None)
    rungs = ladder(1000)
    if smallest is None:
        assert 1000 in reached
    elif smallest > 1:
        assert reached[rungs[rungs.index(smallest) - 1]] is False


def test_it_strides_up_from_the_start_and_halves_the_gap():
    assert list(search(lambda budget: budget >= 50)) == [16, 64, 32, 45, 54, 49, 108]


def test_an_early_success_is_followed_downwards():
    assert list(search(lambda budget: budget >= 3)) == [16, 4, 1, 3, 2]
    assert list(search(lambda budget: True)) == [16, 4, 1]


def test_an_answer_at_the_top_of_all_tried_is_looked_at_from_above():
    assert list(search(lambda budget: budget >= 62)) == [16, 64, 32, 45, 54, 59, 128]
    assert list(search(lambda budget: budget >= 62, most=70)) == [16, 64, 32, 45, 54, 59, 70]


def test_a_target_out_of_reach_ends_at_the_last_rung():
    assert list(search(lambda budget: False, most=300)) == [16, 64, 256, 300]


def test_a_start_beyond_the_last_rung_is_the_last_rung():
    assert next_budget({}, ladder(10), 16) == 10


def test_a_shared_budget_counts_as_tried():
    # Uniform was tried wherever another selector was.
    assert next_budget({16: False, 700: True, 30: False}, ladder(1000), 16) == 152


def test_uniform_is_not_tried_alone_where_another_selector_brings_it_along():
    curves = {"nearest": {16: [90.0], 64: [96.0]}, "random": {16: [96.0]}, "uniform": {16: [80.0]}}
    wanted = next_round(curves, Target(95.0), ladder(1000), 16)
    assert wanted == {"nearest": 32, "random": 4, "uniform": 64}
    curves["uniform"][64] = [97.0]
    assert next_round(curves, Target(95.0), ladder(1000), 16) == {"nearest": 32, "random": 4}
    done = {"nearest": {3: [90.0], 4: [96.0], 16: [97.0]}}
    assert next_round(done, Target(95.0), ladder(1000), 16) == {}


def test_the_crossing_is_interpolated_along_the_logarithm():
    assert crossing([10, 1000], np.array([90.0, 100.0]), 95.0) == pytest.approx(100)


def test_a_dip_is_evened_out_before_the_crossing_is_read():
    # 96 and 92 become 94 and 94: the target 95 lies half way from there to 96.
    assert crossing([10, 20, 50, 200], np.array([90.0, 96.0, 92.0, 96.0]), 95.0) == pytest.approx(100)


def test_a_crossing_outside_the_budgets_tried_is_their_end_or_infinite():
    assert crossing([10, 20], np.array([96.0, 97.0]), 95.0) == 10
    assert crossing([10, 20], np.array([93.0, 94.0]), 95.0) == inf


def test_a_budget_that_reaches_the_target_exactly_is_the_crossing():
    assert crossing([10, 20], np.array([93.0, 95.0]), 95.0) == pytest.approx(20)
    assert Target(95.0).reached([95.0 - 1e-12])


def test_repetitions_that_agree_leave_no_doubt():
    curve = {100: [90.0] * 5, 400: [98.0] * 5}
    found = smallest_budget(curve, Target(94.0))
    assert found.smallest == 400
    assert (found.crossing, found.low, found.high) == pytest.approx((200, 200, 200))


def test_the_interval_spans_what_paired_repetitions_span():
    # Each repetition crosses 94 alone: at 100 exactly, half way to 400, and at 400.
    curve = {100: [94.0, 90.0, 86.0], 400: [102.0, 98.0, 94.0]}
    found = smallest_budget(curve, Target(94.0))
    assert (found.crossing, found.low, found.high) == pytest.approx((200, 100, 400))


def test_the_worst_repetition_asks_for_more():
    curve = {100: [94.0, 90.0, 86.0], 400: [102.0, 98.0, 94.0]}
    found = smallest_budget(curve, Target(94.0, worst=True))
    assert (found.smallest, found.crossing, found.high) == (400, pytest.approx(400), pytest.approx(400))
    assert smallest_budget(curve, Target(95.0, worst=True)).smallest is None


def test_a_single_repetition_has_no_interval():
    found = smallest_budget({100: [90.0], 400: [98.0]}, Target(94.0))
    assert isnan(found.low)
    assert isnan(found.high)


def test_a_target_that_was_never_reached_has_no_answer():
    assert smallest_budget({10: [50.0, 60.0]}, Target(94.0)) == SmallestBudget(None, inf, inf, inf)


def test_every_selector_has_an_answer_beside_uniform():
    uniform = {100: [90.0, 90.0], 400: [98.0, 98.0]}
    nearest = {100: [94.0, 94.0]}
    hopeless = {100: [10.0, 10.0]}
    records = answers({"nearest": nearest, "hopeless": hopeless, "uniform": uniform}, Target(94.0))
    assert [record["selector"] for record in records] == ["nearest", "hopeless", "uniform"]
    assert [record["smallest"] for record in records] == [100, "-", 400]
    assert [record["times fewer"] for record in records] == pytest.approx([2, np.nan, 1], nan_ok=True)


def test_every_budget_tried_is_one_record():
    assert tried({"nearest": {400: [98.0, 97.0], 100: [94.0, 90.0]}}) == [
        {"selector": "nearest", "budget": 100, "n": 2, "median": 92.0, "min": 90.0, "max": 94.0},
        {"selector": "nearest", "budget": 400, "n": 2, "median": 97.5, "min": 97.0, "max": 98.0},
    ]
