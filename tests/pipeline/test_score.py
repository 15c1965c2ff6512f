"""What a training was worth, and what it cost."""

from dataclasses import replace

import numpy as np
import pytest

from winnow.selector.stratified import Stratified


def test_the_score_is_the_share_of_right_answers_in_percent(pipeline, dataset):
    one = pipeline()
    entry = one.train(0)
    wrong_once = np.array(dataset.y_test)
    wrong_once[0] = (wrong_once[0] + 1) % 3
    judged = one.score(replace(entry, arrays={"predictions": wrong_once}))
    assert judged.accuracy == pytest.approx(100 * 14 / 15)


def test_the_score_counts_the_kept_rows_of_every_class(pipeline, dataset):
    one = pipeline()
    kept = dataset.y[one.select(0).arrays["indices"]]
    counted = one.score(one.train(0)).rows_of_class
    assert counted == [int((kept == label).sum()) for label in range(3)]
    assert sum(counted) == 10


def test_the_worst_class_is_judged_on_its_own_rows(pipeline, dataset):
    one = pipeline()
    predictions = np.array(dataset.y_test)
    predictions[np.flatnonzero(dataset.y_test == 2)[:3]] = 0  # 3 of the 5 rows of this class
    judged = one.score(replace(one.train(0), arrays={"predictions": predictions}))
    assert judged.worst_class == pytest.approx(100 * 2 / 5)


def test_a_class_without_test_rows_is_not_the_worst(pipeline, dataset):
    some = dataset.y_test != 1
    without = replace(dataset, x_test=dataset.x_test[some], y_test=dataset.y_test[some])
    one = pipeline(without)
    assert one.score(replace(one.train(0), arrays={"predictions": without.y_test})).worst_class == 100.0


def test_seconds_of_every_stage_travel_with_the_result(pipeline):
    one = pipeline(selector=Stratified())
    stages = one.score(one.train(0)).seconds
    assert (stages["embed"], stages["cluster"]) == (0.0, 0.0)
    assert stages["train"] > 0
    one = pipeline()
    assert set(one.score(one.train(0)).seconds) == {"embed", "cluster", "select", "train"}
