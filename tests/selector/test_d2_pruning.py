import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.geometry.neighbours import nearest_neighbours
from winnow.pool import Pool
from winnow.selector._dynamics_scores import el2n
from winnow.selector.d2_pruning import D2Pruning
from winnow.types import Dynamics


def kept(differences, X, budget, **settings):
    """Keep some rows of class 0 whose logits lead by these differences."""
    logits = np.stack([differences, np.zeros(len(differences))], axis=1)[None].astype(np.float32)
    y, rng = np.zeros(len(X), np.int64), np.random.default_rng(0)
    X = np.float32(X).reshape(-1, 1)
    pool = Pool(len(X), X=X, y=y, dynamics=Dynamics(logits))
    return D2Pruning(**settings).select(pool, budget=budget, rng=rng).indices.tolist()


def test_difficulty_alone_decides_where_nothing_is_near():
    # The one neighbour of each is its twin far away: with a large gamma nothing is taken from it.
    assert kept([3, -3, 2, 1], [0, 10, 20, 30], 1, neighbours=1) == [1]


def test_a_hard_row_among_hard_ones_comes_before_a_hard_one_out():
    # Rows 0 to 2 are hard and close together; row 3 is as hard as row 1 but stands among the easy.
    assert kept([-2, -2, -2, -2, 5, 5], [0, 1, 2, 50, 51, 52], 1, neighbours=2) == [1]


def test_a_kept_row_takes_its_neighbours_down():
    # Two pairs; the harder pair first, then the other one and not the partner.
    rows = kept([-3, -2.9, -2, -1.9], [0, 1, 10, 11], 2, neighbours=1, gamma=0.01)
    assert rows == [0, 2]
    # A large gamma takes nothing from the partner.
    assert kept([-3, -2.9, -2, -1.9], [0, 1, 10, 11], 2, neighbours=1, gamma=50.0) == [0, 1]


def test_three_steps_by_hand():
    X, lead = [0, 1, 3], [0.0, 1.0, -1.0]
    score = el2n(Dynamics(np.float32([[[each, 0] for each in lead]])), np.zeros(3, np.int64))
    # Nearest: 0 -> 1 at 1, 1 -> 0 at 1, 2 -> 1 at 2; the median distance is 1.
    near, e = np.array([1, 0, 1]), np.exp([-1, -1, -4])
    passed = score + e * score[near]
    first = int(passed.argmax())
    passed[near[first]] -= e[first] * passed[first]
    passed[first] = -np.inf
    assert kept(lead, X, 2, neighbours=1) == sorted([first, int(passed.argmax())])


@pytest.mark.parametrize("budget", [0, 1, 5])
def test_rows_that_are_all_alike_still_fill_the_budget(budget):
    assert len(kept([1] * 5, [7] * 5, budget)) == budget


def test_a_single_row_has_no_neighbours(keep_seen):
    assert kept([1.0], [0], 1) == [0]


def one_by_one(differences, X, neighbours, gamma):
    """All rows in the order in which the definition keeps them, each found by a look at all."""
    logits = np.stack([differences, np.zeros(len(differences))], axis=1)[None].astype(np.float32)
    near, distances = nearest_neighbours(np.float32(X).reshape(-1, 1), neighbours)
    scale = np.median(distances) if distances.size else 0.0
    squares = np.square(distances / (scale if scale > 0 else 1.0))
    score = el2n(Dynamics(logits), np.zeros(len(X), np.int64))
    score = score + (np.exp(-squares) * score[near]).sum(axis=1)
    order = []
    for _ in X:
        order.append(int(score.argmax()))
        score[near[order[-1]]] -= np.exp(-gamma * squares[order[-1]]) * score[order[-1]]
        score[order[-1]] = -np.inf
    return order


@given(
    rows=st.lists(st.tuples(st.sampled_from([-3, 0, 0.5, 9]), st.integers(0, 8)), min_size=1, max_size=25),
    neighbours=st.integers(1, 6),
    gamma=st.sampled_from([0.0, 0.1, 1.0]),
)
def test_the_same_rows_are_kept_as_one_by_one_even_among_ties_and_below_zero(rows, neighbours, gamma):
    differences, X = map(list, zip(*rows, strict=True))
    order = one_by_one(differences, X, neighbours, gamma)
    for budget in range(len(rows) + 1):
        rows_kept = kept(differences, X, budget, neighbours=neighbours, gamma=gamma)
        assert rows_kept == sorted(order[:budget])
