import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from winnow.dataset._split import stratified_split
from winnow.errors import InvalidValue


@given(
    sizes=st.lists(st.integers(2, 30), min_size=1, max_size=5),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**31 - 1),
)
def test_every_row_is_in_one_part_and_every_class_in_both(sizes, fraction, seed):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    train, test = stratified_split(y, fraction, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(y)))
    for part in (train, test):
        assert (np.diff(part) > 0).all()
        np.testing.assert_array_equal(np.unique(y[part]), np.arange(len(sizes)))
    # Of all rows `drawn` are to be tested on, and of each class its share of them, rounded up or down.
    drawn = min(max(round(fraction * len(y)), len(sizes)), len(y) - len(sizes))
    for label, size in enumerate(sizes):
        share = drawn * size / len(y)
        lowest, highest = max(np.floor(share), 1), min(np.ceil(share), size - 1)
        assert lowest <= (y[test] == label).sum() <= max(highest, 1)


def test_shares_are_those_that_scikit_learn_draws():
    y = np.repeat([0, 1, 2], [50, 30, 20])
    train, test = stratified_split(y, 0.2, seed=3)
    theirs = train_test_split(np.arange(100), test_size=20, random_state=3, stratify=y)
    np.testing.assert_array_equal(train, np.sort(theirs[0]))
    np.testing.assert_array_equal(test, np.sort(theirs[1]))
    assert np.bincount(y[test]).tolist() == [10, 6, 4]


def test_a_class_whose_share_is_less_than_a_row_gives_one():
    y = np.repeat([0, 1, 2], [100, 100, 2])
    for seed in range(10):
        train, test = stratified_split(y, 0.1, seed)
        assert (y[test] == 2).sum() == (y[train] == 2).sum() == 1
        assert len(test) <= 21


def test_the_seed_moves_the_split():
    y = np.repeat([0, 1], 50)
    same, again, other = (stratified_split(y, 0.2, seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(same, again)
    assert (same != other).any()


def test_a_class_with_one_row_cannot_be_split():
    with pytest.raises(InvalidValue, match="at least 2 rows to be split, got 1 in class 3"):
        stratified_split(np.array([0, 0, 3]), 0.5, 0)
