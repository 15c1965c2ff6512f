import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from winnow.clusterer.kmeans import Kmeans
from winnow.pool import LabelsOfKept, Pool
from winnow.selector._agreement import Agreement
from winnow.selector.auto import Auto
from winnow.selector.nearest import Nearest
from winnow.selector.random import Random
from winnow.types import Clustering

N, K = 2400, 240


@pytest.fixture(scope="module")
def blobs():
    """Ten blobs far from each other, 24 clusters of ten rows in each, and which blob a row is of."""
    rng = np.random.default_rng(0)
    blob = np.repeat(np.arange(10), N // 10)
    X = (100 * blob[:, None] + rng.normal(size=(N, 3))).astype(np.float32)
    labels = np.argsort(np.lexsort((X[:, 0], blob))) * K // N
    centroids = np.stack([X[labels == cluster].mean(axis=0) for cluster in range(K)])
    return X, Clustering(centroids, labels, np.linalg.norm(X - centroids[labels], axis=1).astype(float)), blob


def kept(blobs, auto, y=None, seed=0, budget=K):
    X, clustering, _ = blobs
    pool = Pool(len(X), X=X, clustering=clustering, labels_of_kept=LabelsOfKept(len(X), y))
    return pool.checked(auto.select(pool, budget=budget, rng=np.random.default_rng(seed)), budget), pool


def at_random(blobs, seed=0, budget=K):
    pool = Pool(len(blobs[0]), clustering=blobs[1])
    return Random().select(pool, budget=budget, rng=np.random.default_rng(seed)).indices


def ends(blobs, rows):
    """Return how many of the rows are the nearest of their cluster, and how many the furthest."""
    clustering = blobs[1]
    cluster = [clustering.distances[clustering.members[clustering.labels[row]]] for row in rows]
    own = clustering.distances[rows]
    return sum(map(np.equal, own, map(min, cluster))), sum(map(np.equal, own, map(max, cluster)))


def test_the_shares_by_hand():
    auto = Auto(few=10.0, sure=0.6)
    # Ten of 5, 10, 20, 40 and 100 rows of each of ten classes.
    shares = [auto.typical(rows, classes=10.0) for rows in (50, 100, 200, 400, 1000)]
    assert shares == pytest.approx([1, 1, 0.5, 0.25, 0.1])
    assert auto.typical(600, classes=30.0) == auto.typical(200, classes=10.0)
    assert auto.typical(0, classes=1.0) == 1
    # From 0.6 to 0.8, half way to a perfect agreement; an error less.
    told = [Agreement(10.0, expected, 0.05) for expected in (0.6, 0.65, 0.7, 0.8, 0.85, 0.9)]
    assert [auto.hard(each) for each in told] == pytest.approx([0, 0, 0.25, 0.75, 1, 1])
    assert auto.hard(Agreement()) == 0


def test_where_neighbours_agree_all_other_clusters_give_their_furthest_row(blobs):
    subset, pool = kept(blobs, Auto(few=0.001), blobs[2])
    assert subset.provenance["agreement"] > 0.95
    assert subset.provenance["hard"] == 1 - subset.provenance["typical"] > 0.999
    assert len(pool.labels_of_kept.rows_read) == 3 * K // 4
    # A quarter is drawn by chance, where one row in ten is the furthest: 60 draws to three standard errors.
    _, furthest = ends(blobs, subset.indices)
    assert furthest - (K - K // 4) == pytest.approx(6, abs=3 * np.sqrt(60 * 0.1 * 0.9))


def test_each_class_gets_few_typical_rows(blobs):
    # Nine of each of ten classes are half of the 180 rows that are not asked at random.
    subset, _ = kept(blobs, Auto(few=9.0, sure=0.99), blobs[2])
    share = subset.provenance["typical"]
    assert share == pytest.approx(0.5, abs=0.1)  # of the 60 asked, no two classes are equally many
    nearest, _ = ends(blobs, subset.indices)
    # One in ten of the others is the nearest by chance; three standard errors of 180 draws.
    assert nearest == pytest.approx(180 * share + (240 - 180 * share) / 10, abs=3 * np.sqrt(180 / 4))


@pytest.mark.parametrize("few", [0.001, 1000.0])
def test_of_every_class_equally_many_rows_are_kept_where_all_are_equally_frequent(blobs, few):
    subset, _ = kept(blobs, Auto(few=few), blobs[2])
    assert np.bincount(blobs[2][subset.indices]).tolist() == [K // 10] * 10
    assert len(np.unique(blobs[1].labels[subset.indices])) == K


def test_rows_of_a_rare_class_are_kept_more_often():
    # Ten rows of one class among 990 of another; clusters of their own are 4 of 40.
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [990, 10])
    X = (rng.normal(size=(1000, 2)) + 9 * y[:, None]).astype(np.float32)
    rare = X, Kmeans(40).fit(X, seed=0), y
    counts = [y[kept(rare, Auto(few=0.001), y, seed, 40)[0].indices].sum() for seed in range(8)]
    by_chance = [y[at_random(rare, seed, 40)].sum() for seed in range(8)]
    assert np.median(counts) >= 2 * np.median(by_chance)


@pytest.mark.parametrize("seed", range(3))
def test_labels_drawn_by_lot_lean_to_no_hard_row(blobs, seed):
    by_lot = np.random.default_rng(seed).integers(10, size=N)
    subset, _ = kept(blobs, Auto(few=0.001), by_lot, seed)
    assert subset.provenance["hard"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_of_wrong_labels_is_enough_to_keep_away_from_the_hard_end(blobs, seed):
    rng = np.random.default_rng(seed)
    wrong = (blobs[2] + (rng.random(N) < 0.1) * rng.integers(1, 10, N)) % 10
    subset, _ = kept(blobs, Auto(few=4.0), wrong, seed)
    assert subset.provenance["hard"] == 0


def test_up_to_ten_times_few_rows_the_first_quarter_is_typical_and_is_not_asked_how_it_agrees(blobs):
    subset, pool = kept(blobs, Auto(few=24.0, sure=0.0), blobs[2])
    nearest = Nearest().select(pool, budget=K, rng=np.random.default_rng(0)).indices
    assert "agreement" not in subset.provenance
    # What is not typical is random: of the 60 asked, the classes are not equally frequent.
    share = 1 - subset.provenance["typical"]
    assert 0 < share < 0.2
    assert len(np.setdiff1d(subset.indices, nearest)) == pytest.approx(180 * share, abs=20)


def test_clusters_that_give_several_rows_give_them_by_chance(blobs):
    for few in (0.001, 1000.0):
        subset, _ = kept(blobs, Auto(few=few), blobs[2], budget=2 * K)
        assert subset.provenance["typical" if few > 1 else "hard"] > 0.99
        assert subset.indices.tolist() == at_random(blobs, budget=2 * K).tolist()


def test_rows_without_labels_count_as_ten_classes_and_the_notes_say_so(blobs):
    subset, pool = kept(blobs, Auto(few=12.0))
    assert subset.provenance["evidence"] == "none: the rows have no labels"
    assert pool.labels_of_kept.rows_read.tolist() == []
    assert (subset.provenance["typical"], subset.provenance["hard"]) == (pytest.approx(0.5), 0)
    assert kept(blobs, Auto(few=1e-9))[0].indices.tolist() == at_random(blobs).tolist()


def test_where_clusters_have_followed_a_heavy_tail_it_draws_from_all_rows_alike():
    X = np.random.default_rng(4).lognormal(sigma=2, size=(400, 4)).astype(np.float32)
    inner = np.flatnonzero((X < 20).all(axis=1))
    skewed = X, Kmeans(20).fit(X, seed=0), None
    drawn = [
        np.isin(kept(skewed, Auto(), seed=seed, budget=20)[0].indices, inner).mean() for seed in range(12)
    ]
    # 240 draws: the share of inner rows, about 0.76, to within three standard errors.
    assert np.mean(drawn) == pytest.approx(len(inner) / len(X), abs=0.083)


@settings(max_examples=20)
@example(budget=2, classes=5, few=1.0, seed=0)
@example(budget=3, classes=5, few=1.0, seed=0)
@given(
    budget=st.integers(0, 2 * K), classes=st.integers(0, 30), few=st.floats(0.1, 100), seed=st.integers(0, 99)
)
def test_three_quarters_are_asked_and_kept_whatever_the_labels(blobs, budget, classes, few, seed):
    y = np.random.default_rng(seed).integers(classes, size=N) if classes else None
    subset, pool = kept(blobs, Auto(few=few), y, seed, budget)
    assert len(subset) == budget
    asked = 3 * budget // 4 if classes and budget >= 4 else 0
    assert len(pool.labels_of_kept.rows_read) == asked
    assert subset.provenance["typical"] + subset.provenance["hard"] <= 1
