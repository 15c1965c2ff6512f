"""The rule of earlier scripts, its fault included, but always exactly the budget."""

import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.truncated import Truncated
from winnow.types import Clustering


@pytest.fixture
def clustering() -> Clustering:
    labels = np.array([0, 0, 0, 1, 2, 2, 2, 2])
    distances = np.array([0.3, 0.1, 0.2, 0.5, 4.0, 3.0, 2.5, 1.0])
    return Clustering(np.zeros((3, 1), np.float32), labels, distances)


def select(clustering, budget, seed=0, **parameters):
    pool = Pool(clustering.n, clustering=clustering)
    return Truncated(**parameters).select(pool, budget=budget, rng=np.random.default_rng(seed))


def test_fewer_rows_than_clusters_leave_the_last_clusters_out(clustering):
    assert select(clustering, 2).indices.tolist() == [1, 3]


def test_furthest_takes_the_other_end(clustering):
    assert select(clustering, 3, order="furthest").indices.tolist() == [0, 3, 4]


def test_a_cluster_too_small_for_its_share_is_made_up_for_at_random(clustering):
    kept = select(clustering, 6)  # two of each; cluster 1 has a single row
    assert kept.provenance["made_up_at_random"] == 1
    assert {1, 2, 3, 6, 7} < set(kept.indices.tolist())
    assert len(kept) == 6


def test_a_fixed_seed_draws_the_same_rows_in_every_repetition(clustering):
    drawn = {tuple(select(clustering, 3, seed, order="random", fixed_seed=37).indices) for seed in range(9)}
    free = {tuple(select(clustering, 3, seed, order="random").indices) for seed in range(9)}
    assert len(drawn) == 1 < len(free)
