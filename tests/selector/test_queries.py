"""Which rows each query asks for, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.pool import Pool
from winnow.selector._queries import Query, badge, typical_of_uncovered, typicality_of
from winnow.selector._queries import ask as ask_with
from winnow.types import Clustering, Predictions

RNG = np.random.default_rng
# Row 0 is kept. The smallest margin is row 1's, the highest entropy row 2's, the least confidence row 2's.
P = np.float32([[0.34, 0.33, 0.33], [0.5, 0.5, 0.0], [0.45, 0.3, 0.25], [1.0, 0.0, 0.0]])
KEPT, OTHERS = np.array([0]), np.array([1, 2, 3])


def ask(query: Query, pool: Pool, *rest) -> np.ndarray:
    return ask_with(query, pool, *rest, typicality_of(query, pool, RNG(0)))


@pytest.mark.parametrize(
    ("query", "rows"), [("margin", [1, 2, 3]), ("entropy", [2, 1, 3]), ("least_confidence", [2, 1, 3])]
)
def test_the_unsure_rows_come_first_and_kept_ones_not_at_all(query, rows):
    for count in range(4):
        asked = ask(query, Pool(4), Predictions(P), KEPT, OTHERS, count, RNG(0))
        assert asked.tolist() == rows[:count]


def test_random_asks_by_lot():
    asked = [ask("random", Pool(4), Predictions(P), KEPT, OTHERS, 1, RNG(seed)).item() for seed in range(60)]
    assert set(asked) == {1, 2, 3}


def gradients(p, features):
    """The gradients themselves: outer products of p - onehot(argmax p) and the features."""
    residuals = p - np.eye(p.shape[1])[p.argmax(axis=1)]
    return (residuals[:, :, None] * features[:, None, :]).reshape(len(p), -1)


def test_badge_begins_with_the_longest_gradient_and_goes_where_it_is_far():
    p = np.array([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0], [0.0, 1.0]])
    features = np.array([[4.0], [4.0], [9.0], [9.0]])
    # Rows 2 and 3 are sure: their gradients are 0, and as far from row 0 as each other.
    assert gradients(p, features).tolist() == [[-2, 2], [-2, 2], [0, 0], [0, 0]]
    drawn = [badge(p, features, 4, RNG(seed)).tolist() for seed in range(20)]
    assert {tuple(rows) for rows in drawn} == {(0, 2), (0, 3)}


def test_badge_draws_in_proportion_to_squared_distances():
    p = np.full((3, 2), 0.5)
    # The gradients are (-f / 2, f / 2) for features f. Squared distances to that of row 0: 2 and 4.5.
    features = np.array([[3.0], [1.0], [0.0]])
    second = np.array([badge(p, features, 2, RNG(seed))[1] for seed in range(2000)])
    assert np.mean(second == 2) == pytest.approx(4.5 / 6.5, abs=3 * np.sqrt(0.25 / 2000))


@given(seed=st.integers(0, 10**6), n=st.integers(1, 12), classes=st.integers(1, 4), d=st.integers(1, 3))
def test_badge_knows_the_distances_of_gradients_it_does_not_make(seed, n, classes, d):
    rng = RNG(seed)
    p = rng.dirichlet(np.ones(classes), n)
    features = rng.integers(-2, 3, (n, d)).astype(np.float64)
    drawn = badge(p, features, n, RNG(0))
    made = gradients(p, features)
    assert len(np.unique(drawn)) == len(drawn)
    assert np.square(made[drawn[0]]).sum() == pytest.approx(np.square(made).sum(axis=1).max())
    # Every row that was not drawn is a duplicate of one that was.
    left = np.setdiff1d(np.arange(n), drawn)
    nearest = [np.square(made[drawn] - made[row]).sum(axis=1).min() for row in left]
    assert nearest == pytest.approx(np.zeros(len(left)), abs=1e-9)


def test_where_all_gradients_are_alike_badge_asks_by_lot():
    said = Predictions(np.float32([[1, 0]] * 4), np.ones((4, 2), np.float32))
    for count in range(4):
        asked = ask("badge", Pool(4), said, KEPT, OTHERS, count, RNG(1))
        assert len(set(asked.tolist()) & {1, 2, 3}) == count


def test_typiclust_asks_large_clusters_without_a_kept_row_first():
    # Clusters of 7, 8 and 6 rows, and one of 2 that is too small; rows 0 and 7 are kept, of clusters 0 and 1.
    labels = np.repeat([0, 1, 2, 3], [7, 8, 6, 2])
    score = -np.arange(23.0)  # the last row of a cluster is its most typical
    others = np.setdiff1d(np.arange(23), [0, 7])
    asked = typical_of_uncovered(score, labels, np.array([0, 7]), others).tolist()
    assert asked[:4] == [20, 14, 6, 19]  # cluster 2; then one more of each, the largest cluster first
    assert asked[-2:] == [22, 21]
    assert sorted(asked) == others.tolist()


def test_typiclust_reads_how_dense_the_cluster_is():
    X = np.float32([[0], [1], [2], [3], [4], [5], [60], [61], [62], [63], [64], [65]])
    labels = np.repeat([0, 1], 6)
    clustering = Clustering(
        np.float32([[2.5], [62.5]]), labels, np.abs(X[:, 0] - 2.5 - 60.0 * labels).astype(float)
    )
    others = np.arange(1, 12)
    pool = Pool(12, X=X, clustering=clustering)
    said = Predictions(np.ones((12, 1), np.float32))
    # Cluster 1 has no kept row. Of its rows, those in the middle have the nearest three neighbours.
    (row,) = ask("typiclust", pool, said, KEPT, others, 1, RNG(0))
    assert row in (7, 8, 9, 10)
