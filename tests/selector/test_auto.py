import numpy as np
import pytest

from winnow.coverage import Coverage
from winnow.quota import lowest_per_cluster
from winnow.selector.auto import Auto, _score
from winnow.selector.furthest import Furthest
from winnow.selector.nearest import Nearest
from winnow.selector.random import Random
from winnow.types import Clustering

K = 20


@pytest.fixture(scope="module")
def blob():
    """A round blob cut into twenty slices: no shape at any budget."""
    return sliced(np.random.default_rng(0).normal(size=(4000, 4)))


@pytest.fixture(scope="module")
def sticks():
    """Sixty thin sticks cut into twenty slices: shape at every budget."""
    rng = np.random.default_rng(2)
    of, (starts, ends) = rng.integers(60, size=4000), rng.normal(size=(2, 60, 8))
    along = starts[of] + rng.random((4000, 1)) * (ends - starts)[of]
    return sliced(along + 0.02 * rng.normal(size=along.shape))


def sliced(X):
    X = X.astype(np.float32)
    labels = np.argsort(np.argsort(X[:, 0])) * K // len(X)
    centroids = np.stack([X[labels == cluster].mean(axis=0) for cluster in range(K)])
    return X, Clustering(centroids, labels, np.linalg.norm(X - centroids[labels], axis=1).astype(float))


def kept(data, budget, seed=0, selector=None, **settings):
    X, clustering = data
    chosen, rng = selector or Auto(**settings), np.random.default_rng(seed)
    return chosen.select(X, np.full(len(X), -1), clustering, budget=budget, rng=rng)


def mean_place(data, rows):
    """0 where the rows are the nearest of their clusters, 1 where they are the furthest."""
    _, clustering = data
    places = [
        (clustering.distances[clustering.members[clustering.labels[row]]] < clustering.distances[row]).mean()
        for row in rows
    ]
    return np.mean(places)


def test_the_tilt_by_hand():
    auto = Auto(balance=0.6, width=0.1, full_pace=0.2)
    assert auto.tilt(Coverage(ratio=0.6, pace=0.3)) == 0
    assert auto.tilt(Coverage(ratio=0.4, pace=0.2)) == pytest.approx(2**7)
    assert auto.tilt(Coverage(ratio=0.8, pace=0.9)) == pytest.approx(-(2**7))
    # Half the pace is trusted by an eighth: of sixteen widths, two.
    assert auto.tilt(Coverage(ratio=2.2, pace=0.1)) == pytest.approx(-(2**7))


@pytest.mark.parametrize("ratio", [0.51, 0.69])
def test_within_a_width_of_the_balance_there_is_no_tilt(ratio):
    assert Auto(balance=0.6, width=0.1, full_pace=0.2).tilt(Coverage(ratio, pace=0.2)) == 0


@pytest.mark.parametrize("pace", [0.0, -0.2])
def test_where_nothing_is_resolved_there_is_no_tilt(pace):
    for ratio in (0.01, 0.3, 1.2):
        assert Auto().tilt(Coverage(ratio, pace)) == 0


def test_more_rows_tilt_to_the_hard_end(sticks):
    notes = [kept(sticks, budget).provenance for budget in (20, 100, 500)]
    ratios, tilts = ([note[name] for note in notes] for name in ("ratio", "tilt"))
    assert ratios == sorted(ratios, reverse=True)
    assert tilts == sorted(tilts)
    assert tilts[0] < -5 < 5 < tilts[-1]


@pytest.mark.parametrize("budget", [K, 10 * K])
def test_of_shapeless_data_it_keeps_the_rows_that_random_keeps(blob, budget):
    ours, theirs = kept(blob, budget), kept(blob, budget, selector=Random())
    assert ours.indices.tolist() == theirs.indices.tolist()


@pytest.mark.parametrize(("balance", "other"), [(0.001, Nearest()), (9.0, Furthest())])
def test_far_from_the_balance_it_keeps_one_end_of_every_cluster(sticks, balance, other):
    subset = kept(sticks, K, balance=balance, full_pace=0.01)
    # A cluster's last row may lie beyond the fence.
    assert len(np.intersect1d(subset.indices, kept(sticks, K, selector=other).indices)) >= K - 1


def test_a_slight_tilt_prefers_and_does_not_force(sticks):
    _, clustering = sticks
    drawn = []
    for seed in range(60):
        score = _score(clustering, 3.0, np.random.default_rng(seed).random(4000))
        drawn += lowest_per_cluster(score, clustering.labels, np.ones(K, np.int64)).tolist()
    # With rates exp(3 rank), the mean rank of one draw is 1 / (1 - exp(-3)) - 1 / 3 = 0.719.
    assert mean_place(sticks, drawn) == pytest.approx(0.719, abs=0.03)


def test_a_row_far_out_is_kept_only_when_nothing_else_is_left(sticks):
    X, clustering = sticks
    distances = clustering.distances.copy()
    distances[7] = 1000.0
    broken = X, Clustering(clustering.centroids, clustering.labels, distances)
    settings = {"balance": 9.0, "full_pace": 0.001}
    assert all(7 not in kept(broken, budget, **settings).indices for budget in (K, 400, 2000))
    assert 7 in kept(broken, len(X), **settings).indices


def test_the_nearest_row_is_never_mistaken_for_an_outlier():
    X = np.zeros((5, 1), np.float32)
    alike = Clustering(np.zeros((1, 1), np.float32), np.zeros(5, np.int64), np.array([0.0, 0, 0, 0, 1]))
    assert len(kept((X, alike), 4)) == 4
