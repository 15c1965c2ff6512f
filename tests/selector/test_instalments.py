"""Rows kept in instalments, and what the nearest label says of a row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.selector._instalments import Instalments
from winnow.selector._predicted_classes import PredictedClasses, shrunk
from winnow.types import Clustering


def two_pairs(chance=(0.1, 0.9, 0.9, 0.1)):
    """Two clusters of two rows each; the second row of each is the nearer one."""
    clustering = Clustering(np.float32([[0], [9]]), np.array([0, 0, 1, 1]), np.array([2.0, 1, 2, 1]))
    lots = np.array([0.2, 0.7])
    return Instalments(clustering, np.array([1, 1]), np.array(chance), lots, np.random.default_rng(0))


def kept(rows, weights=(1, 1, 1, 1), **ends):
    rows.raise_to(2, np.array(weights, float), **ends)
    return sorted(rows.kept.tolist())


def test_lots_say_which_cluster_gives_its_nearest_or_furthest_row():
    assert kept(two_pairs()) == [0, 3]  # by chance
    assert kept(two_pairs(), typical=0.5) == [1, 3]  # 0.2 is below 0.5
    assert kept(two_pairs(), typical=1.0) == [1, 3]
    assert kept(two_pairs(), hard=0.5) == [0, 2]  # 0.7 is above 0.5
    assert kept(two_pairs(), typical=0.5, hard=0.5) == [1, 2]


def test_clusters_give_rows_by_the_weight_of_theirs():
    # Weights of 1 and 7, on the mean 4: the clusters get 0.25 and 1.75 of two rows, rounded 0 and 2.
    assert kept(two_pairs(), np.array([1, 1, 7, 7]) / 4) == [2, 3]
    # 0.4 and 1.6, by the largest remainder.
    assert kept(two_pairs(), np.array([1, 1, 4, 4]) / 2.5) == [2, 3]
    # 0.6 and 1.4
    assert kept(two_pairs(), np.array([3, 3, 7, 7]) / 5) == [0, 3]


def test_in_a_cluster_a_row_is_drawn_by_its_weight():
    # -ln(1 - 0.5) / 1 = 0.69 is above -ln(1 - 0.9) / 4 = 0.58, and -ln(1 - 0.1) / 1 = 0.11 below.
    assert kept(two_pairs([0.5, 0.9, 0.1, 0.9]), [0.4, 1.6, 0.4, 1.6]) == [1, 2]


def test_what_is_kept_stays_whatever_is_wished_later():
    rows = two_pairs()
    rows.raise_to(1, np.ones(4))
    (first,) = rows.kept.tolist()
    other = [row for row in (0, 1, 2, 3) if row // 2 != first // 2]
    # The rows of the other cluster weigh next to nothing, so both rows are of this one.
    rows.raise_to(2, np.where(np.isin(range(4), other), 0.02, 1.98))
    assert rows.kept.tolist()[0] == first
    assert set(rows.kept.tolist()) == {0, 1, 2, 3} - set(other)
    assert rows.latest.tolist() == rows.kept.tolist()[1:]


def test_a_row_has_the_class_of_the_nearest_label_read_so_far():
    predicted = PredictedClasses(np.float32([[0], [1], [2], [3], [4], [5]]))
    assert predicted.weights.tolist() == [1] * 6
    predicted.learn(np.array([0]), np.array([8]))
    assert predicted.shares.tolist() == [1]
    assert predicted.weights.tolist() == [1] * 6
    predicted.learn(np.array([5]), np.array([3]))
    assert predicted.shares.tolist() == [0.5, 0.5]
    predicted.learn(np.array([2]), np.array([3]))
    # Of three labels; rows 0 and 1 (as near to the later one) are of class 8.
    assert predicted.shares == pytest.approx([2 / 3, 1 / 3])
    assert predicted.weights.tolist() == [1] * 6  # chance alone: 1 - 5/9 is more than 2 * (1/36 + 1/36)


def test_the_fewer_labels_the_less_rare_a_class_counts():
    X = np.float32([[0], [1], [2], [3], [4], [5], [6], [7], [8], [100]])
    few, many = PredictedClasses(X), PredictedClasses(X)
    few.learn(np.array([0, 9]), np.array([0, 1]))
    many.learn(np.arange(10), np.array([0] * 9 + [1]))
    # Of the way to equal shares 9/16, (1 - 0.82) / (1 * 0.32), and 1/16, (1 - 0.82) / (9 * 0.32).
    assert few.weights[9] / few.weights[0] == pytest.approx(0.675 / 0.325)
    assert many.weights[9] / many.weights[0] == pytest.approx(0.875 / 0.125)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(0, 10**6))
def test_shares_are_drawn_towards_equal_ones_and_never_past_them(counts, known):
    shares = np.array(counts) / sum(counts)
    drawn = shrunk(shares, known)
    assert drawn.sum() == pytest.approx(1)
    assert (np.abs(drawn - 1 / len(shares)) <= np.abs(shares - 1 / len(shares)) + 1e-12).all()
    assert ((drawn - 1 / len(shares)) * (shares - 1 / len(shares)) >= -1e-12).all()
