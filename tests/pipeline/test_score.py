"""What a training was worth, and what it cost."""

from dataclasses import replace

import numpy as np
import pytest

from winnow.selector.stratified import Stratified
from winnow.types import Trained


def judged(repetition, predictions):
    """The score of a training that came to these predictions."""
    kept = repetition.subset.value
    _ = repetition.training(kept, Trained(predictions, np.zeros(5, np.float32), 0.0, "cpu")).value
    return repetition.score()


def test_the_score_is_the_share_of_right_answers_in_percent(repetition, dataset):
    wrong_once = np.array(dataset.y_test)
    wrong_once[0] = (wrong_once[0] + 1) % 3
    assert judged(repetition(), wrong_once).accuracy == pytest.approx(100 * 14 / 15)


def test_the_score_counts_the_kept_rows_of_every_class(repetition, dataset):
    one = repetition()
    kept = dataset.y[one.subset.value.arrays["indices"]]
    counted = one.score().rows_of_class
    assert counted == [int((kept == label).sum()) for label in range(3)]
    assert sum(counted) == 10


def test_the_worst_class_is_judged_on_its_own_rows(repetition, dataset):
    predictions = np.array(dataset.y_test)
    predictions[np.flatnonzero(dataset.y_test == 2)[:3]] = 0  # 3 of the 5 rows of this class
    assert judged(repetition(), predictions).worst_class == pytest.approx(100 * 2 / 5)


def test_a_class_without_test_rows_is_not_the_worst(repetition, dataset):
    some = dataset.y_test != 1
    without = replace(dataset, x_test=dataset.x_test[some], y_test=dataset.y_test[some])
    assert judged(repetition(of=without), without.y_test).worst_class == 100.0


def test_seconds_of_every_stage_that_had_a_part_travel_with_the_result(repetition):
    assert set(repetition(selector=Stratified()).score().seconds) == {"select", "train"}
    seconds = repetition().score().seconds
    assert set(seconds) == {"embed", "cluster", "select", "train"}
    assert seconds["train"] > 0
