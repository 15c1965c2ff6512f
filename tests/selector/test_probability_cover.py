import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.probability_cover import ProbabilityCover


def kept(X, budget, radius=None, seed=0):
    X = np.float32(X)[:, None]
    selector = ProbabilityCover(radius)
    return selector.select(Pool(len(X), X=X), budget=budget, rng=np.random.default_rng(seed))


def test_the_fullest_ball_comes_first_and_the_outlier_last():
    # The balls of radius 1 around 1, 21 and 90 hold 5, 3 and 1 rows, those around the others fewer.
    points = [0.1, 0.4, 1, 1.6, 1.9, 20.1, 21, 21.9, 90]
    assert kept(points, 1, radius=1.0).indices.tolist() == [2]
    assert kept(points, 2, radius=1.0).indices.tolist() == [2, 6]
    assert kept(points, 3, radius=1.0).indices.tolist() == [2, 6, 8]


def test_a_covered_row_no_longer_counts():
    # After the ball around 1.9 (rows 1-4), the one around 1 holds one new row only, the pair at 20 two.
    points = [0.1, 1, 1.9, 2.05, 2.8, 20, 20.5]
    for seed in range(5):
        first, second = kept(points, 2, radius=1.0, seed=seed).indices
        assert (first, second) in {(2, 5), (2, 6)}


def test_equal_balls_are_taken_by_chance_and_not_by_number():
    """Rows are often sorted by class: the lowest numbers would be those of the first."""
    drawn = {row for seed in range(60) for row in kept([0, 10, 20, 30], 1, radius=1.0, seed=seed).indices}
    assert drawn == {0, 1, 2, 3}


def test_when_all_is_covered_chance_fills_the_budget():
    subset = kept([0, 1, 2, 3], 3, radius=5.0)
    assert len(subset) == 3
    assert subset.provenance == {"radius": 5.0, "topped_up": 2}


@pytest.mark.parametrize(("budget", "radius"), [(10, 0.0), (5, 1.0), (2, 2.0)])
def test_the_radius_holds_the_share_of_one_kept_row(budget, radius):
    # Among 0, 1, ..., 9, n / budget = 1, 2 and 5 rows, itself included, lie within 0, 1 and 2 of most rows.
    assert kept(range(10), budget).provenance["radius"] == radius


def test_gains_stay_exact_when_blocks_are_smaller_than_what_is_covered():
    rng = np.random.default_rng(0)
    points = np.sort(np.concatenate([rng.uniform(0, 1, 700), rng.uniform(10, 11, 300)]))
    rows = kept(points, 2, radius=2.0).indices
    assert (rows < 700).tolist() == [True, False]


def test_duplicates_share_every_ball():
    rows = np.repeat(np.random.default_rng(0).normal(size=(50, 64)), 4, axis=0).astype(np.float32)
    selector, rng = ProbabilityCover(), np.random.default_rng(0)
    subset = selector.select(Pool(200, X=rows), budget=120, rng=rng)
    # Balls of radius 0 around 50 different rows hold all: the other 70 are drawn.
    assert subset.provenance == {"radius": 0.0, "topped_up": 70}
    assert len(np.unique(rows[subset.indices], axis=0)) == 50


def test_rows_at_exactly_the_radius_lie_within():
    rows = np.random.default_rng(1).integers(2, size=(600, 10)).astype(np.float32)
    subset = ProbabilityCover(radius=1.0).select(Pool(600, X=rows), budget=500, rng=np.random.default_rng(0))
    near = np.abs(rows[:, None] - rows[None]).sum(axis=2) <= 1
    chosen, uncovered = 0, np.ones(600, dtype=bool)
    while uncovered.any():
        uncovered &= ~near[(near & uncovered).sum(axis=1).argmax()]
        chosen += 1
    # Ties are taken in another order, so that the number of balls may differ by a few.
    assert 500 - subset.provenance["topped_up"] == pytest.approx(chosen, abs=8)
