import numpy as np
import pytest

from winnow.selector.auto import Auto
from winnow.types import Clustering

N, K = 4000, 20


@pytest.fixture(scope="module")
def blob():
    """A round blob cut into twenty slices, and the distance of every row from the middle of its slice."""
    X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
    labels = np.argsort(np.argsort(X[:, 0])) * K // N
    centroids = np.stack([X[labels == cluster].mean(axis=0) for cluster in range(K)])
    return X, Clustering(centroids, labels, np.linalg.norm(X - centroids[labels], axis=1).astype(float))


def kept(blob, budget, seed=0, **settings):
    X, clustering = blob
    rng = np.random.default_rng(seed)
    return Auto(**settings).select(X, np.full(len(X), -1), clustering, budget=budget, rng=rng)


def mean_place(blob, rows):
    """0 where the rows are the nearest of their clusters, 1 where they are the furthest."""
    _, clustering = blob
    places = [
        (clustering.distances[clustering.members[clustering.labels[row]]] < clustering.distances[row]).mean()
        for row in rows
    ]
    return np.mean(places)


def test_what_is_unexplained_by_hand():
    # One of two rows is kept: |0 - 2|^2 = 4 over 2 * variance = 2.
    X = np.float32([[0], [2]])
    clustering = Clustering(np.float32([[1]]), np.zeros(2, np.int64), np.ones(2))
    assert kept((X, clustering), 1).provenance["unexplained"] == 2.0


def test_more_rows_explain_more_and_tilt_to_the_hard_end(blob):
    notes = [kept(blob, budget).provenance for budget in (1, 20, 200, 2000)]
    unexplained = [note["unexplained"] for note in notes]
    tilts = [note["tilt"] for note in notes]
    assert unexplained == sorted(unexplained, reverse=True)
    assert tilts == sorted(tilts)


@pytest.mark.parametrize(("balance", "low", "high"), [(0.01, 0, 0.02), (2.0, 0.95, 1)])
def test_far_from_the_balance_it_keeps_one_end_of_every_cluster(blob, balance, low, high):
    subset = kept(blob, K, balance=balance)
    assert low <= mean_place(blob, subset.indices) <= high
    assert np.bincount(blob[1].labels[subset.indices]).tolist() == [1] * K


def test_at_the_balance_it_is_random(blob):
    balance = kept(blob, 400).provenance["unexplained"]
    subset = kept(blob, 400, balance=balance)
    assert subset.provenance["tilt"] == 0
    assert abs(mean_place(blob, subset.indices) - 0.5) < 5 * np.sqrt(1 / 12 / 400)


def test_a_row_far_out_is_kept_only_when_nothing_else_is_left(blob):
    X, clustering = blob
    distances = clustering.distances.copy()
    distances[7] = 1000.0
    broken = X, Clustering(clustering.centroids, clustering.labels, distances)
    assert all(7 not in kept(broken, budget, balance=2.0).indices for budget in (K, 400, 2000))
    assert 7 in kept(broken, N, balance=2.0).indices


def test_the_nearest_row_is_never_mistaken_for_an_outlier():
    X = np.zeros((5, 1), np.float32)
    alike = Clustering(np.zeros((1, 1), np.float32), np.zeros(5, np.int64), np.array([0.0, 0, 0, 0, 1]))
    subset = kept((X, alike), 4)
    assert subset.indices.tolist() == [0, 1, 2, 3]
