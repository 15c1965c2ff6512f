import numpy as np
import pytest

from winnow.clusterer.dbscan import DBSCAN
from winnow.errors import InvalidValue

# Three crowds of three, two and four rows, and one row far from all.
X = np.float32([[0], [1], [2], [20], [21], [40], [41], [42], [43], [30]])


def test_the_number_of_clusters_is_found():
    clustering = DBSCAN(k=8, neighbours=2, radius=1.5).fit(X, seed=0)
    assert clustering.k == 3
    # The largest first; the row at 30 is noise, and goes to the nearest centroid, at 20.5.
    assert clustering.labels.tolist() == [1, 1, 1, 2, 2, 0, 0, 0, 0, 2]


def test_noise_moves_no_centroid():
    clustering = DBSCAN(k=8, neighbours=2, radius=1.5).fit(X, seed=0)
    np.testing.assert_allclose(clustering.centroids.ravel(), [41.5, 1, 20.5], atol=1e-5)
    assert clustering.distances[9] == pytest.approx(9.5, abs=1e-5)


def test_clusters_beyond_the_k_largest_are_treated_as_noise():
    clustering = DBSCAN(k=2, neighbours=2, radius=1.5).fit(X, seed=0)
    assert clustering.labels.tolist() == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]


def test_without_a_radius_the_wanted_share_of_rows_is_left_uncrowded():
    # Nine of the ten rows have another within 1; the tenth has its nearest at 9.
    with_noise, without = (DBSCAN(k=8, neighbours=2, noise=noise).fit(X, seed=0) for noise in (0.1, 0.0))
    np.testing.assert_allclose(with_noise.centroids.ravel(), [41.5, 1, 20.5], atol=1e-5)
    np.testing.assert_allclose(without.centroids.ravel(), [41.5, 1, 71 / 3], atol=1e-5)


def test_a_radius_that_reaches_nobody_is_refused():
    with pytest.raises(InvalidValue, match=r"radius must reach 3 rows from some row, got 0\.5"):
        DBSCAN(k=2, neighbours=3, radius=0.5).fit(X, seed=0)


def test_rows_that_are_all_alike_are_one_cluster():
    assert DBSCAN(k=5).fit(np.full((30, 2), 7, np.float32), seed=0).sizes.tolist() == [30]


def test_rings_that_no_centroid_can_tell_apart_are_two_clusters():
    angles = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rings = np.concatenate([circle, 5 * circle]).astype(np.float32)
    clustering = DBSCAN(k=5, neighbours=3, noise=0.0).fit(rings, seed=0)
    np.testing.assert_array_equal(clustering.labels, np.repeat([0, 1], 100))
