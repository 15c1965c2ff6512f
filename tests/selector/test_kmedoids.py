import numpy as np

from winnow.pool import Pool
from winnow.selector.kmedoids import KMedoids
from winnow.selector.nearest import Nearest
from winnow.types import Clustering

# An outlier pulls the mean to 3.4, next to row 3; the medoid stays in the blob.
X = np.float32([[0], [1], [2], [4], [10]])
CLUSTERING = Clustering(np.float32([[3.4]]), np.zeros(5, np.int64), np.abs(X.ravel() - 3.4).astype(float))


def kept(selector, budget):
    pool = Pool(5, X=X, clustering=CLUSTERING)
    return selector.select(pool, budget=budget, rng=np.random.default_rng(0))


def test_an_outlier_moves_the_centroid_but_not_the_medoid():
    # Sums of distances: 17, 14, 13, 15, 33.
    assert kept(KMedoids(), 1).indices.tolist() == [2]
    assert kept(Nearest(), 1).indices.tolist() == [3]


def test_the_outlier_comes_last():
    assert kept(KMedoids(), 4).indices.tolist() == [0, 1, 2, 3]


def test_a_sample_of_a_large_cluster_finds_a_central_row():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 2)).astype(np.float32)
    clustering = Clustering(np.zeros((1, 2), np.float32), np.zeros(3000, np.int64), np.zeros(3000))
    pool = Pool(3000, X=X, clustering=clustering)
    medoid = KMedoids(sample=300).select(pool, budget=1, rng=rng).indices[0]
    assert np.linalg.norm(X[medoid]) < 0.3
