import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from winnow.geometry.neighbours import nearest_neighbours, sparsity


def test_neighbours_by_hand():
    rows, distances = nearest_neighbours(np.float32([[0], [1], [3], [7]]), 2)
    assert rows.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert distances.tolist() == [[1, 3], [1, 2], [2, 3], [4, 6]]


@pytest.mark.parametrize("offset", [0, 1000])
def test_they_are_those_of_an_exact_search(offset):
    X = (np.random.default_rng(0).normal(size=(5000, 8)) + offset).astype(np.float32)
    _, distances = nearest_neighbours(X, 5)
    exact = NearestNeighbors(algorithm="brute").fit(X.astype(np.float64) - offset)
    expected = exact.kneighbors(n_neighbors=5)[0]
    np.testing.assert_allclose(distances, expected, atol=1e-5)


def tight(width: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(15, 64))
    return middles[rng.integers(15, size=3000)] + width * rng.normal(size=(3000, 64))


def with_a_far_row() -> np.ndarray:
    X = np.random.default_rng(0).normal(size=(3000, 64))
    X[7] = 1e7
    return X


@pytest.mark.parametrize(
    "X",
    [
        pytest.param(tight(1e-3), id="clusters of width 0.001"),
        pytest.param(tight(1e-4), id="clusters of width 0.0001"),
        pytest.param(with_a_far_row(), id="one far row"),
        pytest.param(np.random.default_rng(0).integers(2, size=(1500, 12)), id="few values"),
        pytest.param(np.repeat(np.random.default_rng(0).normal(size=(50, 8)), 20, axis=0), id="duplicates"),
    ],
)
def test_none_is_missed_that_single_precision_cannot_tell_apart(X):
    X = X.astype(np.float32)
    apart = cdist(X, X)
    np.fill_diagonal(apart, np.inf)
    rows, distances = nearest_neighbours(X, 10)
    np.testing.assert_allclose(distances, np.sort(apart, axis=1)[:, :10], rtol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(apart, rows, axis=1), distances, rtol=1e-6)


def test_a_row_is_not_its_own_neighbour_among_duplicates():
    rows, distances = nearest_neighbours(np.ones((30, 2), np.float32), 3)
    assert not (rows == np.arange(30)[:, None]).any()
    assert (distances == 0).all()


def test_no_more_neighbours_than_other_rows():
    assert nearest_neighbours(np.float32([[0], [1]]), 5)[0].tolist() == [[1], [0]]
    assert nearest_neighbours(np.float32([[0]]), 5)[0].shape == (1, 0)


def test_sparsity_stays_within_groups():
    X = np.float32([[0], [100], [1], [104], [50]])
    groups = [np.array([0, 2]), np.array([1, 3]), np.array([4])]
    assert sparsity(len(X), [(rows, X[rows]) for rows in groups], np.array([5, 5, 5])).tolist() == [
        1,
        4,
        1,
        4,
        0,
    ]


def test_where_there_are_fewer_rows_than_neighbours_all_others_count():
    group = np.arange(3), np.float32([[0], [1], [3]])
    assert sparsity(3, [group], np.array([50])).tolist() == [
        2.0,
        1.5,
        2.5,
    ]


def test_approximate_neighbours_are_mostly_the_nearest():
    X = np.random.default_rng(0).normal(size=(6000, 8)).astype(np.float32)
    exact, _ = nearest_neighbours(X, 10)
    rows, distances = nearest_neighbours(X, 10, exact=False)
    assert not (rows == np.arange(len(X))[:, None]).any()
    assert (np.diff(distances, axis=1) >= 0).all()
    np.testing.assert_allclose(distances[:, 9], np.linalg.norm(X - X[rows[:, 9]], axis=1), rtol=1e-5)
    found = np.mean([len(np.intersect1d(*each)) / 10 for each in zip(rows, exact, strict=True)])
    assert 0.8 < found <= 1


def test_where_the_nearest_cells_hold_too_few_rows_all_are_compared():
    X = np.append(np.zeros(300), [1.0, 2.0, 4.0]).astype(np.float32)[:, None]
    rows, distances = nearest_neighbours(X, 290, exact=False)
    assert (distances[:300] == 0).all()
    assert distances[302].tolist() == sorted(abs(4 - X[rows[302], 0]))


def test_more_rows_than_a_window_and_ties_of_few_rows_fall_to_the_lower_number():
    X = np.repeat(np.arange(40), 50).astype(np.float32)[:, None]
    _, distances = nearest_neighbours(X[::-1].copy(), 60)
    assert (distances == np.repeat([0, 1], [49, 11])).all()
    few = nearest_neighbours(np.float32([[0], [5], [0], [0]]), 2)[0]
    assert few.tolist() == [[2, 3], [0, 2], [0, 3], [0, 2]]
