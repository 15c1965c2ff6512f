import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from winnow.errors import InvalidValue
from winnow.selector._quota import (
    covering_quotas,
    equal_quotas,
    lowest_per_cluster,
    proportional_quotas,
    weighted_quotas,
)

SHARINGS = (equal_quotas, proportional_quotas, covering_quotas)


@st.composite
def sizes_and_budget(draw):
    sizes = np.array(draw(st.lists(st.integers(0, 20), max_size=8)), dtype=np.int64)
    return sizes, draw(st.integers(0, int(sizes.sum())))


@pytest.mark.parametrize("share", SHARINGS)
@given(case=sizes_and_budget())
def test_quotas_spend_the_budget_and_ask_no_cluster_for_more_than_it_holds(share, case):
    sizes, budget = case
    quotas = share(sizes, budget)
    assert quotas.sum() == budget
    assert ((quotas >= 0) & (quotas <= sizes)).all()


@pytest.mark.parametrize("share", SHARINGS)
def test_quotas_never_share_memory_with_the_sizes(share):
    sizes = np.array([2, 0, 3])
    assert not np.shares_memory(share(sizes, 5), sizes)


@pytest.mark.parametrize("share", SHARINGS)
@pytest.mark.parametrize("budget", [-1, 121])
def test_a_budget_that_cannot_be_met_is_refused(share, budget):
    with pytest.raises(InvalidValue, match=rf"budget must lie in \[0, 120\], got {budget}"):
        share(np.array([100, 0, 20]), budget)


@given(case=sizes_and_budget())
def test_equal_quotas_differ_by_more_than_one_only_where_a_cluster_is_exhausted(case):
    sizes, budget = case
    quotas = equal_quotas(sizes, budget)
    below_the_level = quotas < quotas.max(initial=0) - 1
    np.testing.assert_array_equal(quotas[below_the_level], sizes[below_the_level])


@pytest.mark.parametrize(
    ("sizes", "budget", "quotas"),
    [
        ([3, 3, 3], 6, [2, 2, 2]),
        ([1, 9, 2], 7, [1, 4, 2]),  # the shares that clusters 0 and 2 cannot use go to cluster 1
        ([4, 6, 6], 7, [2, 3, 2]),  # one row left over: the largest, ties to the lower number
        ([4, 6, 5], 8, [2, 3, 3]),  # two left over: the two largest
        ([0, 2, 0], 1, [0, 1, 0]),
        ([5, 5], 0, [0, 0]),
        ([5, 1], 6, [5, 1]),
        ([], 0, []),
    ],
)
def test_equal_quotas_by_hand(sizes, budget, quotas):
    np.testing.assert_array_equal(equal_quotas(np.array(sizes, dtype=np.int64), budget), quotas)


@pytest.mark.parametrize(
    ("sizes", "budget", "quotas"),
    [
        ([50, 30, 20], 10, [5, 3, 2]),
        ([5, 3, 2], 4, [2, 1, 1]),  # 2.0, 1.2, 0.8: the largest remainder is cluster 2's
        ([4, 4, 4], 2, [1, 1, 0]),  # equal remainders: the lower numbers
        ([0, 0], 0, [0, 0]),
    ],
)
def test_proportional_quotas_by_hand(sizes, budget, quotas):
    np.testing.assert_array_equal(proportional_quotas(np.array(sizes), budget), quotas)


@given(case=sizes_and_budget())
def test_proportional_quotas_stay_within_one_row_of_the_exact_share(case):
    sizes, budget = case
    exact = sizes * budget / max(int(sizes.sum()), 1)
    assert (np.abs(proportional_quotas(sizes, budget) - exact) < 1).all()


@pytest.mark.parametrize(
    ("sizes", "budget", "quotas"),
    [
        ([90, 5, 0, 5], 3, [1, 1, 0, 1]),  # as many rows as clusters that hold any: one each
        ([90, 5, 0, 5], 2, [1, 1, 0, 0]),  # fewer: the largest, ties to the lower number
        ([91, 5, 1, 5], 14, [10, 2, 1, 1]),  # the other ten by 90 : 4 : 0 : 4, that is 9.18, 0.41, 0, 0.41
    ],
)
def test_covering_quotas_by_hand(sizes, budget, quotas):
    np.testing.assert_array_equal(covering_quotas(np.array(sizes), budget), quotas)


@given(case=sizes_and_budget())
def test_covering_quotas_leave_out_a_cluster_only_where_the_budget_does_not_reach_all(case):
    sizes, budget = case
    assert np.count_nonzero(covering_quotas(sizes, budget)) == min(budget, np.count_nonzero(sizes))


def test_a_zero_quota_keeps_nothing():
    kept = lowest_per_cluster(np.array([1.0, 2.0]), np.array([0, 1]), np.array([0, 1]))
    np.testing.assert_array_equal(kept, [1])


@pytest.mark.parametrize(("quota", "rows"), [(1, [1]), (2, [1, 3]), (3, [0, 1, 3])])
def test_equal_scores_fall_to_the_lower_row(quota, rows):
    kept = lowest_per_cluster(np.array([2.5, 2.0, 2.5, 2.0]), np.array([0, 0, 0, 0]), np.array([quota]))
    np.testing.assert_array_equal(np.sort(kept), rows)


@given(
    score=arrays(np.float64, 12, elements=st.sampled_from([-3.0, -0.0, 0.0, 1.0, 2.0, 2.5, 1e300])),
    labels=arrays(np.int64, 12, elements=st.integers(0, 4)),
    wanted=st.sampled_from([1, 3]).flatmap(lambda most: arrays(np.int64, 6, elements=st.integers(0, most))),
)
def test_the_lowest_rows_are_those_a_sort_of_each_cluster_puts_first(score, labels, wanted):
    quotas = np.minimum(wanted, np.bincount(labels, minlength=6))
    members = ([row for row in range(12) if labels[row] == cluster] for cluster in range(6))
    expected = [
        row
        for quota, rows in zip(quotas, members, strict=True)
        for row in sorted(rows, key=lambda row: (score[row], row))[:quota]
    ]
    kept = lowest_per_cluster(score, labels, quotas)
    assert sorted(kept.tolist()) == sorted(expected)


@given(case=sizes_and_budget(), data=st.data())
def test_weighted_quotas_spend_the_budget_whatever_the_weights(case, data):
    sizes, budget = case
    weights = np.array(data.draw(st.lists(st.sampled_from([0, 1e-9, 0.3, 2, 1e9]), min_size=8, max_size=8)))
    quotas = weighted_quotas(sizes, weights[: len(sizes)].astype(np.float64), budget)
    assert quotas.sum() == budget
    assert ((quotas >= 0) & (quotas <= sizes)).all()


@given(case=sizes_and_budget())
def test_weights_equal_to_sizes_are_proportional_shares(case):
    sizes, budget = case
    quotas = weighted_quotas(sizes, sizes.astype(np.float64), budget)
    exact = budget * sizes / max(sizes.sum(), 1)
    assert (np.abs(quotas - exact) < 1).all()


@pytest.mark.parametrize(
    ("sizes", "weights", "budget", "quotas"),
    [
        ([10, 10], [1, 3], 8, [2, 6]),
        ([10, 4], [1, 3], 8, [4, 4]),  # 6 would be more than cluster 1 holds
        ([10, 4], [0, 1], 8, [4, 4]),  # no weight left: what has room takes the rest
        ([6, 2], [0, 0], 4, [3, 1]),  # no weight at all: in proportion
        ([5, 5, 5], [1, 1, 1], 4, [2, 1, 1]),  # remainders tie: the lower number
        ([0, 3], [5, 1], 3, [0, 3]),
        ([], [], 0, []),
    ],
)
def test_weighted_quotas_by_hand(sizes, weights, budget, quotas):
    shares = weighted_quotas(np.array(sizes, np.int64), np.array(weights, np.float64), budget)
    assert shares.tolist() == quotas
