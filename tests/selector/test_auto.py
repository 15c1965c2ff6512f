import numpy as np
import pytest
from sklearn.datasets import load_digits

from winnow.clusterer.kmeans import Kmeans
from winnow.pool import Pool
from winnow.selector._quantization import QuantizationRatio
from winnow.selector._quota import lowest_per_cluster
from winnow.selector.auto import Auto, _beyond_fence, _ranks, _score
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


def sliced(X, k=K):
    X = X.astype(np.float32)
    labels = np.argsort(np.argsort(X[:, 0], kind="stable")) * k // len(X)
    centroids = np.stack([X[labels == cluster].mean(axis=0) for cluster in range(k)])
    return X, Clustering(centroids, labels, np.linalg.norm(X - centroids[labels], axis=1).astype(float))


def kept(data, budget, seed=0, selector=None, strength=0.0, **settings):
    X, clustering = data
    chosen, rng = selector or Auto(**settings), np.random.default_rng(seed)
    pool = Pool(len(X), X=X, clustering=clustering, augmentation_strength=strength)
    return chosen.select(pool, budget=budget, rng=rng)


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
    assert auto.tilt(QuantizationRatio(ratio=0.6, pace=0.3)) == 0
    assert auto.tilt(QuantizationRatio(ratio=0.4, pace=0.2)) == pytest.approx(2**7)
    assert auto.tilt(QuantizationRatio(ratio=0.8, pace=0.9)) == pytest.approx(-(2**7))
    # Half the pace is trusted by an eighth: of sixteen widths, two.
    assert auto.tilt(QuantizationRatio(ratio=2.2, pace=0.1)) == pytest.approx(-(2**7))


@pytest.mark.parametrize("ratio", [0.51, 0.69])
def test_within_a_width_of_the_balance_there_is_no_tilt(ratio):
    assert Auto(balance=0.6, width=0.1, full_pace=0.2).tilt(QuantizationRatio(ratio, pace=0.2)) == 0


@pytest.mark.parametrize("pace", [0.0, -0.2])
def test_where_nothing_is_resolved_there_is_no_tilt(pace):
    for ratio in (0.01, 0.3, 1.2):
        assert Auto().tilt(QuantizationRatio(ratio, pace)) == 0


def test_more_rows_tilt_to_the_hard_end():
    X, clustering = sliced(load_digits().data)
    notes = [kept((X, clustering), budget).provenance for budget in (10, 100, 1000)]
    ratios, tilts = ([note[name] for note in notes] for name in ("ratio", "tilt"))
    assert ratios == sorted(ratios, reverse=True)
    assert tilts[0] < -5
    assert tilts[1] == 0
    assert tilts[2] > 5


def test_rows_that_count_as_several_prefer_the_typical_only_where_several_would():
    data = sliced(load_digits().data)
    # With 1.5 rows for a strength of 1, a row counts as 1, 2 and 10 rows.
    alone, as_two, as_ten = (kept(data, 10, strength=strength) for strength in (0.0, 1 / 1.5, 6.0))
    assert kept(data, 10, strength=4.0, rows_per_strength=0.0).provenance == alone.provenance
    assert kept(data, 20).provenance["tilt"] <= alone.provenance["tilt"] < -5
    assert as_two.provenance["tilt"] == alone.provenance["tilt"]
    assert kept(data, 100).provenance["tilt"] == as_ten.provenance["tilt"] == 0
    np.testing.assert_array_equal(as_ten.indices, kept(data, 10, selector=Random()).indices)
    hard = [kept(data, 1000, strength=strength).provenance["tilt"] for strength in (0.0, 6.0)]
    assert hard[0] == hard[1] > 5


def test_the_hard_end_is_not_trusted_while_shapes_are_being_resolved():
    auto = Auto(balance=0.6, width=0.1, full_pace=0.2)
    # Of four widths: all up to twice the full pace, an eighth at two and a half, none at three times.
    tilts = [auto.tilt(QuantizationRatio(ratio=0.2, pace=pace)) for pace in (0.4, 0.5, 0.6)]
    assert tilts == pytest.approx([4**7, 0, 0])
    assert auto.tilt(QuantizationRatio(ratio=0.2, pace=0.42)) == pytest.approx((4 * 0.9**3) ** 7)
    assert auto.tilt(QuantizationRatio(ratio=0.8, pace=0.6)) == pytest.approx(-(2**7))


def test_what_chance_may_have_moved_does_not_count():
    auto = Auto(balance=0.6, width=0.1, full_pace=0.2)
    # Two errors less: of three widths two, and of a pace of 0.3 the full pace.
    assert auto.tilt(QuantizationRatio(0.9, 0.3, ratio_error=0.05, pace_error=0.05)) == pytest.approx(-(2**7))
    assert auto.tilt(QuantizationRatio(0.9, 0.3, ratio_error=0.15)) == 0
    assert auto.tilt(QuantizationRatio(0.9, 0.3, pace_error=0.15)) == 0


@pytest.mark.parametrize("d", [2, 10])
@pytest.mark.parametrize("budget", [5, 10, 25])
def test_of_fifty_shapeless_rows_it_keeps_what_random_keeps(budget, d):
    for seed in range(4):
        few = sliced(np.random.default_rng(seed).normal(size=(50, d)), k=5)
        ours, theirs = kept(few, budget, seed), kept(few, budget, seed, selector=Random())
        assert ours.indices.tolist() == theirs.indices.tolist()


@pytest.mark.parametrize("balance", [0.001, 9.0])
def test_a_cluster_that_gives_several_rows_gives_them_by_chance(sticks, balance):
    settings = {"balance": balance, "full_pace": 0.3}
    ours, theirs = kept(sticks, 2 * K, **settings), kept(sticks, 2 * K, selector=Random())
    assert abs(ours.provenance["tilt"]) > 5
    assert ours.indices.tolist() == theirs.indices.tolist()


def test_where_clusters_have_followed_a_heavy_tail_it_draws_from_all_rows_alike():
    X = np.random.default_rng(4).lognormal(sigma=2, size=(400, 4)).astype(np.float32)
    inner = np.flatnonzero((X < 20).all(axis=1))
    clustered = X, Kmeans(20).fit(X, seed=0)
    drawn = [np.isin(kept(clustered, 20, seed).indices, inner).mean() for seed in range(12)]
    # 240 draws: the share of inner rows, about 0.76, to within three standard errors.
    assert np.mean(drawn) == pytest.approx(len(inner) / len(X), abs=0.083)


def test_a_heavy_tail_that_no_cluster_has_followed_changes_nothing():
    X = np.random.default_rng(4).lognormal(sigma=2, size=(2000, 4))
    ours, theirs = kept(sliced(X), K), kept(sliced(X), K, selector=Random())
    assert ours.provenance["ratio"] > 1.2
    assert ours.indices.tolist() == theirs.indices.tolist()


@pytest.mark.parametrize(("tilt", "expected"), [(50.0, [1, 1, 1, 1, 0]), (-50.0, [0, 0, 0, 0, 1])])
def test_rows_at_one_distance_are_drawn_by_chance_and_not_by_number(tilt, expected):
    clustering = Clustering(np.zeros((1, 1), np.float32), np.zeros(5, int), np.array([2.0, 2, 2, 2, 1]))
    drawn = np.zeros(5, int)
    for seed in range(100):
        score = _score(clustering, np.array([tilt]), np.random.default_rng(seed).random(5))
        drawn[score.argmin()] += 1
    # A hundred draws among four equals: 25 each, give or take three times 4.3.
    assert (drawn[:4] >= 12 * expected[0]).all()
    assert (drawn > 0).astype(int).tolist() == expected


def test_ranks_are_shared_by_equals():
    labels, distances = np.array([0, 1, 0, 0, 1]), np.array([3.0, 5, 1, 3, 7])
    ranks = _ranks(Clustering(np.zeros((3, 1), np.float32), labels, distances))
    assert ranks.tolist() == pytest.approx([2 / 3, 1 / 4, 1 / 6, 2 / 3, 3 / 4])


def test_copies_of_a_centroid_make_no_outliers_of_the_others():
    """Clusters half of which lie on the centroid, or of two rows, have no scale to be far out of."""
    labels = np.repeat([0, 1, 2], [8, 2, 4])
    distances = np.array([0, 0, 0, 0, 0, 1, 2, 3, 1, 1, 1, 1, 1.5, 9])
    clustering = Clustering(np.zeros((3, 1), np.float32), labels, distances)
    assert np.flatnonzero(_beyond_fence(clustering)).tolist() == []
    apart = Clustering(np.zeros((3, 1), np.float32), labels * 0 + 2, np.r_[np.ones(13), 9.0])
    assert np.flatnonzero(_beyond_fence(apart)).tolist() == [13]


@pytest.mark.parametrize("budget", [K, 10 * K])
def test_of_shapeless_data_it_keeps_the_rows_that_random_keeps(blob, budget):
    ours, theirs = kept(blob, budget), kept(blob, budget, selector=Random())
    assert ours.indices.tolist() == theirs.indices.tolist()


@pytest.mark.parametrize(("balance", "other"), [(0.001, Nearest()), (9.0, Furthest())])
def test_far_from_the_balance_it_keeps_one_end_of_every_cluster(sticks, balance, other):
    subset = kept(sticks, K, balance=balance, full_pace=0.1 if balance < 1 else 0.3)
    # A cluster's last row may lie beyond the fence.
    assert len(np.intersect1d(subset.indices, kept(sticks, K, selector=other).indices)) >= K - 1


def test_a_slight_tilt_prefers_and_does_not_force(sticks):
    _, clustering = sticks
    drawn = []
    for seed in range(60):
        score = _score(clustering, np.full(K, 3.0), np.random.default_rng(seed).random(4000))
        drawn += lowest_per_cluster(score, clustering.labels, np.ones(K, np.int64)).tolist()
    # With rates exp(3 rank), the mean rank of one draw is 1 / (1 - exp(-3)) - 1 / 3 = 0.719.
    assert mean_place(sticks, drawn) == pytest.approx(0.719, abs=0.03)


def test_a_row_far_out_is_kept_only_when_nothing_else_is_left(sticks):
    X, clustering = sticks
    distances = clustering.distances.copy()
    distances[7] = 1000.0
    broken = X, Clustering(clustering.centroids, clustering.labels, distances)
    subset = kept(broken, K, balance=9.0, full_pace=0.3)
    assert subset.provenance["tilt"] > 100
    assert 7 not in subset.indices
    assert 7 in kept(broken, K, selector=Furthest()).indices
    assert 7 in kept(broken, len(X)).indices


def test_the_nearest_row_is_never_mistaken_for_an_outlier():
    X = np.zeros((5, 1), np.float32)
    alike = Clustering(np.zeros((1, 1), np.float32), np.zeros(5, np.int64), np.array([0.0, 0, 0, 0, 1]))
    assert len(kept((X, alike), 4)) == 4
