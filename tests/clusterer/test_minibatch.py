import numpy as np

from winnow.clusterer.minibatch import MiniBatch
from winnow.clusterer.sklearn import Sklearn


def test_inertia_stays_near_that_of_full_passes():
    X = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    mini, full = (stage.fit(X, seed=0) for stage in (MiniBatch(10, batch_size=256), Sklearn(10)))
    assert (mini.distances**2).sum() < 1.1 * (full.distances**2).sum()


def test_more_clusters_than_rows_in_a_batch_is_no_obstacle():
    X = np.random.default_rng(0).random((200, 2), dtype=np.float32)
    assert MiniBatch(50, batch_size=10).fit(X, seed=0).sizes.sum() == 200
