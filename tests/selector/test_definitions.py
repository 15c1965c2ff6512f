"""Quick ways of choosing rows keep the rows that their definitions say, worked out naively here."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.spatial.distance import cdist

from winnow.geometry.spread import draw_by_distance, farthest_first
from winnow.pool import Pool
from winnow.selector.herding import Herding
from winnow.selector.kcenter import KCenter
from winnow.selector.kernel_herding import KernelHerding
from winnow.selector.zcore import ZCore

SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=16)
# Whole numbers make ties and duplicates; the others are ordinary.
MATRICES = st.one_of(
    arrays(np.float32, SHAPES, elements=st.integers(-3, 3)),
    arrays(np.float32, SHAPES, elements=st.floats(-100, 100, width=32)),
    arrays(np.float32, SHAPES, elements=st.floats(1000, 1001, width=32)),
)


def kept(selector, X, budget, seed=0):
    """The kept rows by number; which came first shows in smaller budgets."""
    return selector.select(Pool(len(X), X=X), budget=budget, rng=np.random.default_rng(seed)).indices.tolist()


def squares_to(X, point):
    return np.square(X.astype(np.float64) - point).sum(axis=1)


def farthest_first_row_by_row(X, first, count):
    squares, rows = np.full(len(X), np.inf), [first]
    while len(rows) < count:
        squares = np.minimum(squares, squares_to(X, X[rows[-1]]))
        squares[rows] = -1
        rows.append(int(squares.argmax()))
    return rows


@given(MATRICES, st.data())
def test_kcenter_takes_the_furthest_row_each_time(X, data):
    budget = data.draw(st.integers(1, len(X)))
    first = int(np.random.default_rng(0).integers(len(X)))
    assert kept(KCenter(), X, budget) == sorted(farthest_first_row_by_row(X, first, budget))


@pytest.mark.parametrize("kind", ["a cloud", "two heaps", "a line", "a grid of ties"])
def test_so_it_does_where_not_all_rows_are_candidates(kind):
    rng = np.random.default_rng(1)
    X = {
        "a cloud": rng.normal(size=(3000, 8)),
        "two heaps": rng.normal(size=(3000, 3)) * 0.01 + rng.integers(2, size=(3000, 1)) * 50,
        "a line": np.linspace(0, 1, 3000)[:, None],
        "a grid of ties": rng.integers(12, size=(3000, 2)),
    }[kind].astype(np.float32)
    rows, squares = farthest_first(X, 17, 150)
    assert rows.tolist() == farthest_first_row_by_row(X, 17, 150)
    before = np.array([squares_to(X[rows[:step]], X[rows[step]]).min() for step in range(1, 150)])
    np.testing.assert_allclose(squares[1:], np.maximum(before, 0), rtol=1e-12)


def test_every_set_of_rows_is_drawn_as_often_as_the_definition_says():
    # Rows at 0, 1, 3, 7: the chance of an ordered draw is the product of its squared distances' shares.
    X, draws = np.float32([[0], [1], [3], [7]]), 3000
    expected = {}
    for first in range(4):
        to_first = squares_to(X, X[first])
        for second in np.flatnonzero(to_first):
            to_both = np.minimum(to_first, squares_to(X, X[second]))
            for third in np.flatnonzero(to_both):
                chance = to_first[second] / to_first.sum() * to_both[third] / to_both.sum() / 4
                expected[first, int(second), int(third)] = chance
    rng = np.random.default_rng(5)
    seen = [tuple(draw_by_distance(X, 3, rng).tolist()) for _ in range(draws)]
    for order, chance in expected.items():
        sigma = np.sqrt(draws * chance * (1 - chance))
        assert abs(seen.count(order) - draws * chance) < 5 * sigma + 1
    assert set(seen) <= set(expected)


def test_draws_spread_over_more_rows_than_are_proposed_at_once():
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(400, 2)) + 1000 * np.arange(20).repeat(20)[:, None]).astype(np.float32)
    drawn = draw_by_distance(X, 200, rng)
    assert len(set(drawn.tolist())) == 200
    # Heaps are far apart: each of them has been seen before any gives many rows.
    assert set(drawn[:20] // 20) == set(range(20))


@given(MATRICES, st.data())
def test_herding_follows_the_mean_step_by_step(X, data):
    budget = data.draw(st.integers(1, len(X)))
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    directions = X / np.where(lengths > 0, lengths, 1)
    mean = directions.mean(axis=0, dtype=np.float64)
    wanted, rows = mean.copy(), list[int]()
    while len(rows) < budget:
        difference = np.subtract(directions, wanted, dtype=np.float64)
        squares = np.einsum("nd,nd->n", difference, difference)
        squares[rows] = np.inf
        rows.append(int(squares.argmin()))
        wanted += mean - directions[rows[-1]]
    assert kept(Herding(), X, budget) == sorted(rows)


@settings(max_examples=40)
@given(MATRICES, st.data())
def test_kernel_herding_takes_the_largest_gain_each_time(X, data):
    budget, rng = data.draw(st.integers(0, len(X) - 1)), np.random.default_rng(0)
    reference = X[np.sort(rng.choice(len(X), len(X), replace=False))]
    apart = cdist(reference, reference)[np.triu_indices(len(X), 1)]
    bandwidth = np.median(apart[apart > 0]) if (apart > 0).any() else 1.0
    similarity = np.exp(cdist(X, X, "sqeuclidean") / (-2 * bandwidth**2))
    attraction, rows = similarity.mean(axis=1), kept(KernelHerding(), X, budget)
    gain = attraction - similarity[:, rows].sum(axis=1) / (budget + 1)
    gain[rows] = -np.inf
    (added,) = set(kept(KernelHerding(), X, budget + 1)) - set(rows)
    # Sums that end in another order differ in their last bits, which may decide between equal gains.
    assert gain[added] >= gain.max() - 1e-12


@settings(max_examples=40)
@example(np.float32([[1], [-7e-42], [-7e-42]]), 1)  # ties that a rounded bound would leave out
@given(
    arrays(
        np.float32,
        array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=10),
        elements=st.floats(-9, 9, width=32),
    ),
    st.integers(1, 12),
)
def test_zcore_scores_as_if_all_rows_were_looked_at(X, neighbours):
    n, d = X.shape
    rng, coordinates = np.random.default_rng(0), X.T.astype(np.float64)
    low, middle, high = coordinates.min(axis=1), np.median(coordinates, axis=1), coordinates.max(axis=1)
    score = rng.random(n)
    for _ in range(3 * n):
        plane = rng.choice(d, min(2, d), replace=False)
        spread = np.where(high > low, high - low, 1)[plane]
        point = low[plane] + (high - low)[plane] * rng.triangular(0, (middle - low)[plane] / spread, 1)
        covering = int(np.abs(coordinates[plane] - point[:, None]).sum(axis=0).argmin())
        score[covering] += 1
        distances = np.abs(coordinates[plane] - coordinates[plane, covering][:, None]).sum(axis=0)
        others = [row for row in np.lexsort((np.arange(n), distances)) if row != covering][:neighbours]
        if others and distances[others[0]] == 0:
            score[others[0]] -= 1
        elif others:
            penalty = (distances[others[0]] / distances[others]) ** 4.0
            score[others] -= penalty / penalty.sum()
    selector = ZCore(draws_per_row=3.0, neighbours=neighbours)
    for budget in range(n):
        assert kept(selector, X, budget) == sorted(np.argsort(-score, kind="stable")[:budget])
