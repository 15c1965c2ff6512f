"""What every clusterer owes, for every option in `conf/clusterer`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from threadpoolctl import threadpool_limits

from winnow.errors import InvalidValue, WinnowWarning
from winnow.stages import Clusterer

OPTIONS = sorted((Path(__file__).parents[2] / "conf" / "clusterer").glob("*.yaml"))

# Which options keep a promise in a weaker form; a new option owes everything.
NOT_NEAREST = {"gmm", "dbscan", "neural"}  # rows may belong to a centroid that is not the nearest
FEWER_THAN_K = {"dbscan"}  # the number of clusters is found, k is the most
DETERMINISTIC = {"dbscan"}  # every seed gives the same clustering
SETTINGS = {"dbscan": {"neighbours": 2}}  # so that pairs can be groups


@pytest.fixture(params=OPTIONS, ids=lambda option: option.stem)
def clusterer(request, build_option):
    name = request.param.stem
    settings = dict(SETTINGS.get(name, {}))
    if name == "dask":
        settings["scheduler"] = request.getfixturevalue("dask_scheduler")
    checked = build_option("clusterer", name, **settings)

    def build(k):
        # Without the checks of the settings, which refuse the wrong k that some of these tests are about.
        return replace(checked, k=k)

    return build


@pytest.fixture
def option(clusterer):
    return type(clusterer(3)).__module__.rpartition(".")[2]


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(400, 8)) + 6 * rng.integers(0, 3, size=(400, 1))).astype(np.float32)
    X.setflags(write=False)
    return X


def every_distance(X, clustering):
    difference = X[:, None, :].astype(np.float64) - clustering.centroids[None].astype(np.float64)
    return np.sqrt((difference**2).sum(axis=2))


def test_it_is_a_clusterer_whose_repr_names_k(clusterer):
    stage = clusterer(3)
    assert isinstance(stage, Clusterer)
    assert repr(stage).startswith(f"{type(stage).__name__}(k=3")


@pytest.mark.parametrize("k", [0, -5, None, "many"])
def test_what_is_no_number_of_clusters_is_refused_before_fitting(clusterer, k):
    with pytest.raises(ValidationError):
        TypeAdapter(type(clusterer(3))).validate_python({"k": k})


@pytest.mark.parametrize("offset", [0, 1e4])
def test_every_row_is_labelled_and_its_distance_is_to_its_own_centroid(clusterer, option, blobs, offset):
    X = blobs + np.float32(offset)
    clustering = clusterer(12).fit(X, seed=0)
    table = every_distance(X, clustering)
    own = table[np.arange(len(X)), clustering.labels]
    assert clustering.centroids.shape == (clustering.k, 8)
    assert clustering.k == 12 or (option in FEWER_THAN_K and clustering.k < 12)
    np.testing.assert_allclose(clustering.distances, own, rtol=1e-12)
    if option not in NOT_NEAREST:
        np.testing.assert_array_equal(clustering.labels, table.argmin(axis=1))


def test_well_separated_groups_are_found(clusterer):
    X = np.float32([[0, 0], [0, 1], [50, 0], [50, 1], [0, 90], [1, 90]])
    # The best of a few starts, as one does with starts at random.
    starts = [clusterer(3).fit(X, seed=seed) for seed in range(5)]
    labels = min(starts, key=lambda start: (start.distances**2).sum()).labels
    assert labels[0] == labels[1]
    assert labels[2] == labels[3]
    assert labels[4] == labels[5]
    assert len(set(labels)) == 3


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_clustering(clusterer, option, blobs):
    first, again, other = (clusterer(12).fit(blobs, seed=seed) for seed in (1, 1, 2))
    for name in ("centroids", "labels", "distances"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
    assert np.array_equal(first.centroids, other.centroids) == (option in DETERMINISTIC)


def test_the_number_of_threads_changes_no_bit(clusterer, blobs):
    clusterer(12).fit(blobs, seed=0)  # loads the library, so that the limits below reach it
    by_threads = []
    for threads in (1, 4):
        with threadpool_limits(threads):
            by_threads.append(clusterer(12).fit(blobs, seed=0))
    one, four = by_threads
    assert one.centroids.tobytes() == four.centroids.tobytes()
    assert one.distances.tobytes() == four.distances.tobytes()


def test_the_global_random_state_is_left_alone(clusterer, blobs):
    before = np.random.get_state()
    clusterer(5).fit(blobs, seed=0)
    for part_before, part_after in zip(before, np.random.get_state(), strict=True):
        np.testing.assert_array_equal(part_before, part_after)


def test_one_cluster_holds_every_row_and_lies_near_the_mean(clusterer, option, blobs):
    X = blobs[:100]
    clustering = clusterer(1).fit(X, seed=0)
    np.testing.assert_array_equal(clustering.labels, np.zeros(100))
    if option in FEWER_THAN_K:
        return  # k=1 is then the largest cluster, wherever it lies
    spread = float(X.std())
    np.testing.assert_allclose(clustering.centroids[0], X.mean(axis=0), atol=spread / 2)


def test_as_many_clusters_as_rows_is_allowed(clusterer, option, blobs):
    clustering = clusterer(20).fit(blobs[:20], seed=0)
    assert clustering.sizes.sum() == 20
    assert clustering.k == 20 or option in FEWER_THAN_K


@pytest.mark.parametrize("k", [0, -5, 401])
def test_k_outside_its_range_is_refused_in_one_wording(clusterer, blobs, k):
    with pytest.raises(InvalidValue, match=rf"k must lie in \[1, n=400\], got {k}"):
        clusterer(k).fit(blobs, seed=0)


@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "Input X contains NaN"), (3e38, "Input X must lie in")]
)
def test_values_that_would_crash_a_library_are_refused(clusterer, blobs, value, words):
    X = blobs.copy()
    X[17, 3] = value
    with pytest.raises(InvalidValue, match=f"{words}.* row 17"):
        clusterer(5).fit(X, seed=0)


def test_zero_features_are_refused(clusterer):
    with pytest.raises(InvalidValue, match="at least one row and one column"):
        clusterer(2).fit(np.zeros((5, 0), np.float32), seed=0)


@pytest.mark.parametrize("distinct", [1, 3])
def test_fewer_distinct_rows_than_clusters_is_one_warning_and_a_valid_clustering(
    clusterer, option, blobs, distinct
):
    if option in FEWER_THAN_K:
        pytest.skip("finds as many clusters as there are, so none stays empty")
    X = np.repeat(blobs[:distinct], 20, axis=0)
    with pytest.warns(WinnowWarning, match=f"k=10 clusters for {distinct} distinct rows") as caught:
        clustering = clusterer(10).fit(X, seed=0)
    assert [warning.category for warning in caught] == [WinnowWarning]
    assert clustering.k == 10
    assert np.count_nonzero(clustering.sizes) == distinct
    # faiss splits a crowded cluster by moving its centroid a thousandth of the way.
    np.testing.assert_allclose(clustering.distances, 0, atol=1e-3 * np.linalg.norm(X, axis=1).max())
