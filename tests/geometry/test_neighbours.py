import numpy as np
import pytest
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


def test_the_nearest_comes_first_however_tight_the_rows_lie():
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(15, 64))
    X = (middles[rng.integers(15, size=3000)] + 0.001 * rng.normal(size=(3000, 64))).astype(np.float32)
    rows, distances = nearest_neighbours(X, 10)
    assert (np.diff(distances, axis=1) >= 0).all()
    np.testing.assert_allclose(distances[:, 3], np.linalg.norm(X - X[rows[:, 3]], axis=1), rtol=1e-5)


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
    assert sparsity(X, groups, np.array([5, 5, 5])).tolist() == [1, 4, 1, 4, 0]


def test_where_there_are_fewer_rows_than_neighbours_all_others_count():
    assert sparsity(np.float32([[0], [1], [3]]), [np.arange(3)], np.array([50])).tolist() == [2.0, 1.5, 2.5]
