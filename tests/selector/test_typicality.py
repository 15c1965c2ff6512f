import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.typicality import Typicality
from winnow.types import Clustering


def line(points, labels):
    """A clustering of points on a line; the centroids play no part."""
    k = max(labels) + 1
    return np.float32(points)[:, None], Clustering(
        np.zeros((k, 1), np.float32), np.array(labels), np.zeros(len(labels))
    )


def kept(selector, points, labels, budget):
    X, clustering = line(points, labels)
    pool = Pool(len(X), X=X, clustering=clustering)
    return selector.select(pool, budget=budget, rng=np.random.default_rng(0))


def test_the_dense_end_of_a_cluster_is_kept_not_its_middle():
    # Mean distances to the two nearest others: 1.5, 1, 1.5, 25.5, 49.5.
    points = [0, 1, 2, 27, 52]
    assert kept(Typicality(smallest_cluster=1), points, [0] * 5, budget=1).indices.tolist() == [1]
    assert kept(Typicality(smallest_cluster=1), points, [0] * 5, budget=4).indices.tolist() == [0, 1, 2, 3]


def test_neighbours_in_another_cluster_do_not_count():
    # Row 2 touches the other cluster and is the loneliest of its own.
    points, labels = [0, 1, 9, 9.1, 9.2], [0, 0, 0, 1, 1]
    rows = kept(Typicality(smallest_cluster=3), points, labels, budget=2)
    assert rows.indices.tolist() == [0, 1]


@pytest.mark.parametrize(("budget", "topped_up"), [(3, 0), (4, 1)])
def test_small_clusters_give_rows_only_when_the_others_have_none_left(budget, topped_up):
    points, labels = [0, 1, 2, 50, 51], [0, 0, 0, 1, 1]
    subset = kept(Typicality(smallest_cluster=3), points, labels, budget)
    assert subset.indices.tolist() == list(range(budget))
    assert subset.provenance["topped_up"] == topped_up
