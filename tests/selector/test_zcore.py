import numpy as np

from winnow.pool import Pool
from winnow.selector.zcore import ZCore


def kept(X, budget, seed=0):
    X = np.float32(X)
    return (
        ZCore(draws_per_row=25.0)
        .select(Pool(len(X), X=X), budget=budget, rng=np.random.default_rng(seed))
        .indices
    )


def test_an_outlier_covers_more_than_most_rows_of_the_blob():
    blob = np.vstack([np.random.default_rng(0).normal(size=(20, 3)) * 0.01, [[1, 1, 1]]])
    assert all(20 in kept(blob, 5, seed) for seed in range(10))


def test_of_two_rows_side_by_side_one_is_redundant():
    # Each of the pair covers half of the left side and is punished for the other.
    points = [[0, 0], [0.01, 0.01], [1, 1], [3, 3], [6, 6]]
    assert all(len({0, 1} & set(kept(points, 3, seed).tolist())) == 0 for seed in range(10))


def test_the_penalty_falls_with_distance_and_adds_up_to_one():
    score = np.zeros(4)
    ZCore(exponent=1.0)._penalise(score, 0, np.arange(4), np.array([0.0, 1.0, 2.0, 4.0]))
    np.testing.assert_allclose(score, [0, -4 / 7, -2 / 7, -1 / 7])


def test_a_duplicate_takes_the_whole_penalty():
    score = np.zeros(3)
    ZCore()._penalise(score, 0, np.array([0, 2, 1]), np.array([0.0, 0.0, 5.0]))
    assert score.tolist() == [0, 0, -1]


def test_one_coordinate_is_enough():
    assert len(kept([[0], [1], [2]], 2)) == 2
