"""Difficulty x sampler x quota: every combination keeps its budget, and each part does its own."""

from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from winnow.pool import Pool
from winnow.selector._by_difficulty import Quota, class_quotas
from winnow.selector._difficulty_sampling import Sampler
from winnow.selector.aum import AUM
from winnow.selector.el2n import EL2N
from winnow.selector.per_class import PerClass
from winnow.types import Dynamics

# Twelve rows of three classes, 6, 4 and 2 of them; margins fall with the row number in each class, and
# class 2 is always wrong.
Y = np.repeat([0, 1, 2], [6, 4, 2])
MARGINS = np.array([6, 5, 4, 3, 2, 1, 4, 3, 2, -1, -5, -6])


def pool():
    logits = np.zeros((2, 12, 3), np.float32)
    logits[:, np.arange(12), Y] = MARGINS
    return Pool(12, y=Y, dynamics=Dynamics(logits))


def kept(selector, budget, seed=0):
    return selector.select(pool(), budget=budget, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("quota", get_args(Quota))
@pytest.mark.parametrize("sampler", get_args(Sampler))
@pytest.mark.parametrize("budget", [0, 1, 7, 12])
def test_any_sampler_goes_with_any_quota(sampler, quota, budget):
    subset = kept(AUM(sampler=sampler, quota=quota, cutoff=0.2), budget)
    assert len(subset) == budget
    if quota != "none":
        assert subset.provenance["class_quotas"] == np.bincount(Y[subset.indices], minlength=3).tolist()


@pytest.mark.parametrize(
    ("quota", "rows"),
    [
        ("none", [8, 5, 9, 10, 11, 4]),  # whoever has the smallest margins
        ("class", [5, 4, 3, 9, 8, 11]),  # 3, 2 and 1 of each class
        ("class_equal", [5, 4, 9, 8, 11, 10]),  # 2 of each
    ],
)
def test_a_quota_says_how_many_and_the_score_which(quota, rows):
    subset = kept(AUM(quota=quota), 6)
    margins = sorted(MARGINS[subset.indices].tolist())
    assert margins == sorted(MARGINS[rows].tolist())
    assert np.bincount(Y[subset.indices], minlength=3).tolist() == np.bincount(Y[rows], minlength=3).tolist()


def test_quotas_by_error_follow_rows_times_error():
    # Errors 0, 1/4 and 1; rows times error 0, 1 and 2.
    assert class_quotas("class_error", pool(), 3).tolist() == [0, 1, 2]


def test_a_class_that_cannot_meet_its_quota_is_kept_whole_and_the_others_share():
    # 9 rows would be 3 and 6; class 2 has 2, class 1 has 4 and is then full too, and class 0 fills up.
    assert class_quotas("class_error", pool(), 9).tolist() == [3, 4, 2]


def test_a_cutoff_is_of_each_class_where_there_are_quotas():
    subset = kept(AUM(quota="class_equal", cutoff=0.5), 3)
    assert subset.indices.tolist() == [2, 7, 10]


def test_class_by_class_a_score_is_handed_its_own_part_of_the_dynamics():
    assert kept(PerClass("aum"), 6).indices.tolist() == kept(AUM(quota="class"), 6).indices.tolist()


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ({"sampler": "toop"}, "'top', 'bottom', 'middle', 'strata', 'softmax' or 'beta'"),
        ({"quota": "classes"}, "'none', 'class', 'class_equal' or 'class_error'"),
        ({"cutoff": 1.0}, "less than 1"),
        ({"cutoff": float("nan")}, "finite"),
        ({"temperature": 0}, "greater than 0"),
    ],
)
def test_the_config_door_knows_what_may_be_combined(setting, complaint):
    with pytest.raises(ValidationError, match=complaint):
        TypeAdapter(EL2N).validate_python(setting)
