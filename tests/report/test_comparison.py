import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test, ttest_1samp

from winnow.errors import InvalidValue
from winnow.report.comparison import holm, paired_difference, pairs_needed, smallest_possible_p

ACCURACY = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)
PAIRS = st.lists(st.tuples(ACCURACY, ACCURACY), min_size=1, max_size=10)


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1.0], 1.0),  # + and - are equally extreme
        ([1.0, 2.0, 3.0], 2 / 8),  # +++ and ---
        ([3.0, 1.0, -1.0], 6 / 8),  # sums 5 3 3 1 and their negatives; 3 was observed
        ([1.0, -1.0], 1.0),
        ([0.0, 0.0, 0.0], 1.0),
        ([1.0, 1.0, 1.0, 1.0, 1.0], 2 / 32),
        ([0.1, 0.2, 0.3, -0.3], 12 / 16),  # 0.1 + 0.2 is not quite 0.3, but ties with it all the same
    ],
)
def test_p_counts_the_signs_that_are_as_extreme(differences, p):
    assert paired_difference(differences, [0.0] * len(differences)).p == p


def test_a_comparison_says_who_won_by_how_much():
    comparison = paired_difference([97.0, 95.0, 96.0, 98.0], [96.0, 95.0, 97.0, 94.0])
    assert (comparison.n, comparison.mean) == (4, 1.0)
    assert (comparison.wins, comparison.ties, comparison.losses) == (2, 1, 1)


def test_equal_differences_have_an_interval_of_no_width():
    comparison = paired_difference([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
    assert (comparison.low, comparison.mean, comparison.high) == (1.0, 1.0, 1.0)


def test_what_units_do_to_the_last_bit_moves_no_interval():
    """Of tenths, means that are equal on paper differ with the order in which they were added."""
    whole, tenths = (paired_difference(each, [0.0] * 3) for each in ([1.0, 96.0, 37.0], [0.1, 9.6, 3.7]))
    assert (10 * tenths.low, 10 * tenths.high) == pytest.approx((whole.low, whole.high))


def test_one_pair_has_no_interval():
    comparison = paired_difference([2.0], [1.0])
    assert math.isnan(comparison.low)
    assert math.isnan(comparison.high)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_interval_covers_the_truth_as_often_as_it_says(n):
    """Of 1,000 intervals 950 are expected, with a standard error of 7; of a bootstrap about 750 at n=3."""
    draws = np.random.default_rng(1).normal(0.5, 1.0, size=(1000, n))
    covered = [one.low <= 0.5 <= one.high for one in (paired_difference(row, np.zeros(n)) for row in draws)]
    assert 930 <= sum(covered) <= 970


def test_many_pairs_are_tested_with_random_signs_that_agree_with_scipy():
    differences = np.random.default_rng(2).normal(0.4, 1.0, size=30)
    p = paired_difference(differences, np.zeros(30)).p
    expected = permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=50_000, rng=np.random.default_rng(3)
    ).pvalue
    assert p == pytest.approx(expected, abs=0.01)
    assert p == paired_difference(np.zeros(30), differences).p


def test_thirty_wins_have_the_smallest_p_that_random_signs_allow():
    assert paired_difference(np.ones(30), np.zeros(30)).p == 1 / 100_001


@settings(max_examples=40)
@given(PAIRS)
def test_a_comparison_is_bounded_repeatable_and_the_mirror_of_its_swap(pairs):
    a, b = (list(side) for side in zip(*pairs, strict=True))
    one, same, swapped = paired_difference(a, b), paired_difference(a, b), paired_difference(b, a)
    assert smallest_possible_p(one.n) <= one.p <= 1
    assert one.p == swapped.p
    assert one.mean == -swapped.mean
    assert (one.wins, one.ties, one.losses) == (swapped.losses, swapped.ties, swapped.wins)
    assert one.wins + one.ties + one.losses == one.n == len(pairs)
    assert repr(one) == repr(same)
    if one.n > 1:
        assert one.low <= one.mean <= one.high
        assert (one.low, one.high) == pytest.approx((-swapped.high, -swapped.low))


@pytest.mark.parametrize(("a", "b"), [([], []), ([1.0], [1.0, 2.0]), ([[1.0]], [[2.0]])])
def test_what_is_not_paired_is_refused(a, b):
    with pytest.raises(InvalidValue, match="must be two equally long lists"):
        paired_difference(np.array(a), np.array(b))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_result_that_is_not_finite_is_refused(bad):
    with pytest.raises(InvalidValue, match="must be finite"):
        paired_difference([1.0, bad], [1.0, 2.0])


@pytest.mark.parametrize(("n", "p"), [(1, 1.0), (5, 0.0625), (6, 0.03125), (10, 0.001953125)])
def test_the_smallest_p_is_two_signs_of_all(n, p):
    assert smallest_possible_p(n) == p
    assert paired_difference(np.ones(n), np.zeros(n)).p == p


@pytest.mark.parametrize(("alpha", "n"), [(1.0, 1), (0.0625, 5), (0.05, 6), (0.01, 8), (0.001, 11)])
def test_enough_pairs_are_the_fewest_that_can_reach_alpha(alpha, n):
    assert pairs_needed(alpha) == n
    assert smallest_possible_p(n) <= alpha


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.1, math.nan])
def test_alpha_is_a_probability(alpha):
    with pytest.raises(InvalidValue, match=r"alpha must lie in \(0, 1\]"):
        pairs_needed(alpha)


def test_holm_by_hand():
    # sorted .01 .01 .03 .04 times 4 3 2 1: .04 .03 .06 .04, never falling: .04 .04 .06 .06
    assert holm([0.04, 0.01, 0.03, 0.01]) == pytest.approx([0.06, 0.04, 0.06, 0.04])
    assert holm([0.6, 0.7]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_helps_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    assert (adjusted >= p_values).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p_values, kind="stable")]) >= 0).all()


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_holm_refuses_what_is_no_probability(bad):
    with pytest.raises(InvalidValue, match=r"must lie in \[0, 1\]"):
        holm([0.5, bad])


def test_the_interval_by_hand():
    # mean 2, deviation 1, t of 2 degrees of freedom 4.303 (from a printed table): 2 -+ 4.303 / sqrt(3)
    comparison = paired_difference([1.0, 2.0, 3.0], [0.0] * 3)
    assert (comparison.low, comparison.high) == pytest.approx((2 - 2.484, 2 + 2.484), abs=1e-3)
    # mean 0, deviation sqrt(2), t of 1 degree of freedom 12.706
    comparison = paired_difference([1.0, -1.0], [0.0] * 2)
    assert (comparison.low, comparison.high) == pytest.approx((-12.706, 12.706), abs=1e-3)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30])
def test_the_interval_agrees_with_scipys(n):
    differences = np.random.default_rng(n).gamma(2.0, size=n)
    ours = paired_difference(differences, np.zeros(n))
    theirs = ttest_1samp(differences, 0.0).confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
