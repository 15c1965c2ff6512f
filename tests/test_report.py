"""Tables and figures say what the numbers say, and keep apart what must not be mixed."""

import csv
import io
import re

import pytest
from rich.console import Console

from winnow import report
from winnow.report import Row

OPTIONS = {"dataset": "toy", "model": "mlp", "augment": "none", "trainer.learning_rate": "0.01"}


def row(job=0, selector="nearest", budget=10, **changes) -> Row:
    parts = {
        "status": "ok",
        "k": budget,
        "options": OPTIONS,
        "key": f"{selector}{budget}",
        "accuracies": [90.0, 92.0, 91.0],
        "baseline": [89.0, 90.0, 90.0],
        "seconds": {"embed": 1.0, "cluster": 2.0, "select": 0.5, "train": 4.0, "baseline": 3.0},
    }
    return Row(job, selector=selector, budget=budget, **(parts | changes))


def shown(rows) -> str:
    to = Console(width=120, file=io.StringIO())
    report.show(rows, to)
    return to.file.getvalue()


def test_the_median_is_reported_and_never_the_best():
    text = report.line(row())
    assert "91.00 % (90.00 to 92.00, n=3)" in text
    assert "+1.33" in text  # mean of +1, +2, +1


def test_a_baseline_that_nobody_asked_for_is_shown_once():
    text = shown([row(0, "nearest"), row(1, "furthest")])
    assert text.count("baseline") == 1, text
    assert re.findall(r"^  (\w+)", text, re.MULTILINE)[1:] == ["nearest", "furthest", "uniform"]


def test_a_baseline_that_was_asked_for_is_not_shown_twice():
    asked = row(1, "uniform", accuracies=[89.0, 90.0, 90.0])
    assert shown([row(0), asked]).count("baseline") == 1


def test_the_seconds_to_select_are_those_of_all_steps_before_training():
    assert "3.5       4.0" in shown([row()])


def test_few_pairs_are_called_few():
    assert "With n=3 pairs no exact two-sided test reaches 5 % (smallest p 0.25); seeds=6 could" in " ".join(
        shown([row()]).split()
    )
    six = row(accuracies=[91.0] * 6, baseline=[90.0, 90.5] * 3)
    assert "no exact two-sided test" not in shown([six])


@pytest.mark.parametrize(("name", "value"), [("dataset", "other"), ("trainer.learning_rate", "0.02")])
def test_other_data_or_training_gets_a_table_of_its_own(name, value):
    rows = [row(0), row(1, options=OPTIONS | {name: value})]
    assert len(report.tables(rows)) == 2
    assert f"{name}={value}" in shown(rows)


def test_every_failure_is_listed():
    failures = [
        row(1, status="failed", reason="budget must fit", overrides=["k=9"], accuracies=[], baseline=[]),
        row(2, status="pending", overrides=["k=8"], accuracies=[], baseline=[]),
    ]
    text = shown([row(0), *failures])
    assert "failed: k=9 budget must fit" in text
    assert "pending: k=8" in text


def test_the_csv_has_the_numbers_of_the_table(tmp_path):
    with report.write_csv([row()], tmp_path / "results.csv").open() as stream:
        records = list(csv.DictReader(stream))
    assert [record["selector"] for record in records] == ["nearest", "uniform"]
    assert float(records[0]["median"]) == 91.0
    assert float(records[0]["delta_uniform"]) == pytest.approx(4 / 3)


def test_repetitions_of_several_k_are_pooled_along_the_budget():
    several = [row(0, k=5, accuracies=[80.0, 82.0]), row(1, k=10, accuracies=[84.0, 90.0])]
    assert report._along_budgets(several) == ([10], [83.0], [3.0], [7.0])


def test_the_figure_is_drawn(tmp_path):
    from PIL import Image

    path = report.figure([row(0), row(1, budget=20), row(2, "furthest")], tmp_path / "accuracy.png")
    with Image.open(path) as picture:
        assert min(picture.size) > 600
