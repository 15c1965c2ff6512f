import numpy as np
import pytest

from winnow.study._cluster_quality import ClusterQuality, assign_to_nearest, majority_labels
from winnow.types import Clustering


@pytest.fixture
def five_rows():
    """Rows 0, 2, 4 around 2 and rows 20, 22 around 21; the classes agree but for row 1."""
    X = np.float32([[0], [2], [4], [20], [22]])
    labels = np.array([0, 0, 0, 1, 1])
    clustering = Clustering(np.float32([[2], [21]]), labels, np.array([2.0, 0.0, 2.0, 1.0, 1.0]))
    return X, clustering, np.array([3, 1, 3, 1, 1])


def test_inertia_is_the_sum_of_squared_distances(five_rows):
    _, clustering, y = five_rows
    assert ClusterQuality.of(clustering, y).inertia == 4 + 0 + 4 + 1 + 1


def test_a_row_that_is_not_of_the_majority_counts_as_wrong(five_rows):
    _, clustering, y = five_rows
    assert majority_labels(clustering, y).tolist() == [3, 1]
    assert ClusterQuality.of(clustering, y).accuracy == 80


def test_clusters_that_are_the_classes_agree_with_them_whatever_their_numbers(five_rows):
    _, clustering, _ = five_rows
    quality = ClusterQuality.of(clustering, np.array([7, 7, 7, 0, 0]))
    assert (quality.nmi, quality.ari, quality.accuracy) == (1, 1, 100)


def test_new_rows_go_to_the_nearest_centroid(five_rows):
    _, clustering, _ = five_rows
    new = assign_to_nearest(np.float32([[1], [30]]), clustering)
    assert (new.labels.tolist(), new.distances.tolist()) == ([0, 1], [1, 9])
