import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from winnow.pool import Pool
from winnow.selector.random import Random
from winnow.types import Clustering


def kept_per_cluster(selector, sizes, budget):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    clustering = Clustering(np.zeros((len(sizes), 1), np.float32), labels, np.zeros(len(labels)))
    pool = Pool(len(labels), clustering=clustering)
    kept = selector.select(pool, budget=budget, rng=np.random.default_rng(0)).indices
    return np.bincount(labels[kept], minlength=len(sizes)).tolist()


def test_as_many_rows_as_clusters_is_one_of_each():
    assert kept_per_cluster(Random(), [90, 1, 5, 4], budget=4) == [1, 1, 1, 1]


def test_an_empty_clusters_row_goes_to_the_largest():
    assert kept_per_cluster(Random(), [90, 0, 5, 5], budget=4) == [2, 0, 1, 1]


def test_many_rows_for_few_clusters_follow_the_density():
    # One each, and the other 97 rows by 799 : 149 : 49, that is 77.7, 14.5 and 4.8.
    assert kept_per_cluster(Random(), [800, 150, 50], budget=100) == [79, 15, 6]


def test_the_other_sharings_can_be_asked_for():
    assert kept_per_cluster(Random("proportional"), [96, 2, 2], budget=3) == [3, 0, 0]
    assert kept_per_cluster(Random("equal"), [96, 2, 2], budget=30) == [26, 2, 2]


def test_the_config_door_refuses_an_unknown_sharing():
    with pytest.raises(ValidationError, match="'covering', 'proportional' or 'equal'"):
        TypeAdapter(Random).validate_python({"quota": "densest"})


def test_every_member_of_a_cluster_has_a_chance(keep):
    assert {row for seed in range(40) for row in keep(Random(), 2, seed)} == {0, 1, 2, 3, 4, 5}


def test_budgets_nest(keep):
    assert set(keep(Random(), 2)) < set(keep(Random(), 4)) < set(keep(Random(), 5))
