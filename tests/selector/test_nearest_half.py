import numpy as np

from winnow.selector.nearest_half import NearestHalf


def test_only_the_nearer_half_is_drawn_from(keep):
    # Of cluster 0 the rows 0 and 1, of cluster 1 the row 4.
    assert {row for seed in range(40) for row in keep(NearestHalf(), 2, seed)} == {0, 1, 4}


def test_an_odd_cluster_rounds_up_and_the_rest_is_topped_up(six_points):
    subset = NearestHalf().select(six_points, budget=4, rng=np.random.default_rng(0))
    # Quotas 3 and 1: the half of cluster 0 has two rows.
    assert {0, 1, 4} < set(subset.indices.tolist())
    assert subset.provenance["topped_up"] == 1
