"""The sentence, in each of its cases."""

import pytest

from winnow.report.answer import Whole, answer
from winnow.report.results import Results
from winnow.report.smallest import Target

IMAGES = Whole(60_000, "images")


def said(rows, target=None):
    return answer(Results(rows), IMAGES, target)


def test_a_difference_that_is_shown_says_what_to_keep(job):
    uniform = [90.0, 90.2, 90.1, 90.3, 90.0, 90.1]
    found = said(job(accuracies=[value + 1 for value in uniform], baseline={"accuracies": uniform}))
    # Of the 64 signs of six equal differences, two are as extreme: p = 2 / 64.
    assert found.text == (
        "Keep 10 of 60,000 images by nearest: 91.10 %; against as many uniform random images"
        " +1.00 [+1.00, +1.00] points over n=6 pairs, p = 0.031 after Holm."
    )
    assert found.row.selector == "nearest"
    assert found.detail == ""


def test_what_so_few_pairs_cannot_show_is_not_claimed(job):
    found = said([*job(), *job("furthest", job=1, accuracies=[89.0, 90.0, 90.0])])
    assert found.text.startswith(
        "10 of 60,000 images by nearest were not shown to beat as many uniform random ones: 91.00 %, +1.33 ["
    )
    assert found.detail == (
        "That is the largest of 2 differences. So few pairs can show nothing at 5 %; seeds=6 could."
    )


def test_what_is_shown_to_be_worse_is_said(job):
    uniform = [90.0, 90.2, 90.1, 90.3, 90.0, 90.1]
    found = said(job(accuracies=[value - 1 for value in uniform], baseline={"accuracies": uniform}))
    assert "were not shown to beat" in found.text
    assert found.detail == "Shown to be worse: nearest at 10, -1.00 [-1.00, -1.00] points."


def test_a_random_part_alone_is_compared_with_nothing(row):
    found = said([row("uniform", 10), row("uniform", 20)])
    assert found.text == (
        "20 of 60,000 images, taken at random, reach 91.00 %; nothing was compared with them."
    )


def test_all_data_are_told_beside_the_rest_and_alone(job, row):
    full = row("full", 60_000, accuracies=[99.0])
    assert said([*job(), full]).detail.endswith("All 60,000 images reach 99.00 %.")
    assert said([full]).text == "All 60,000 images reach 99.00 %; no part was tried."


def test_without_a_result_there_is_no_row():
    assert said([]) == answer(Results([]), IMAGES)
    assert (said([]).text, said([]).row) == ("No job has a result.", None)


def test_of_a_search_the_smallest_budget_is_the_answer(job):
    reached = {"accuracies": [95.0, 95.0, 95.0]}
    rows = [
        *job("auto", 279, accuracies=[95.1, 95.2, 95.0]),
        *job("auto", 332, job=1, accuracies=[96.0, 96.0, 96.0], baseline=reached),
    ]
    assert said(rows, Target(95.0)).text == (
        "Keep 279 of 60,000 images by auto: 95 % by the median of n=3; at random it takes 332."
    )


@pytest.mark.parametrize(
    ("nearest", "uniform", "text"),
    [
        (95.0, 80.0, "by nearest: 95 % by the median of n=1; no random part that was tried gets there."),
        (80.0, 95.0, "taken at random: 95 % by the median; no selector gets there."),
        (95.0, 95.0, "taken at random: 95 % by the median; nearest takes 10."),
        (90.0, 80.0, "No budget tried reaches 95 % by the median; nearest to it come 10 of 60,000 images by"),
    ],
)
def test_a_search_says_who_gets_there(nearest, uniform, text, job):
    found = said(job(accuracies=[nearest], baseline={"accuracies": [uniform]}), Target(95.0))
    assert text in found.text


def test_rows_without_a_number_are_called_by_their_budget(job):
    assert answer(Results(job()), Whole(None, "rows")).text.startswith("10 rows by nearest were not")
