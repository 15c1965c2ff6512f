"""Tables and figures say what the numbers say, and keep apart what must not be mixed."""

import csv
import io
import re

import pytest
from rich.console import Console

from winnow.report import rows as results
from winnow.report import tables as report
from winnow.report.rows import Row

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
    to = Console(width=140, file=io.StringIO())
    report.show(rows, to)
    return to.file.getvalue()


def told(text: str) -> str:
    """Put the lines of a caption together."""
    return " ".join(text.split())


def test_the_median_is_reported_and_never_the_best():
    text = report.line(row())
    assert "91.00 % (90.00 to 92.00, n=3)" in text
    assert "+1.33" in text  # mean of +1, +2, +1


def test_a_baseline_that_nobody_asked_for_is_shown_once():
    text = shown([row(0, "nearest"), row(1, "furthest")])
    assert text.count("baseline") == 1, text
    assert re.findall(r"^ (\w+)", text, re.MULTILINE)[1:] == ["nearest", "furthest", "uniform"]


def test_a_baseline_that_was_asked_for_is_not_shown_twice():
    asked = row(1, "uniform", accuracies=[89.0, 90.0, 90.0])
    assert shown([row(0), asked]).count("baseline") == 1


def test_all_rows_have_no_baseline_beside_them_but_others_of_that_budget_do():
    everything = row(0, "full", baseline=[90.0, 92.0, 91.0], transfer={"mlp": SIX})
    assert "baseline" not in shown([everything])
    assert [record["selector"] for record in results.as_dicts([everything])] == ["full", "full"]
    assert shown([everything, row(1)]).count("baseline") == 1


def test_the_seconds_to_select_are_those_of_all_steps_before_training():
    assert "3.5   1333" in shown([row()])


def test_few_pairs_are_called_few():
    few = told(shown([row()]))
    assert "With n=3 pairs no exact two-sided test reaches 5 % (smallest p 0.25); seeds=6 could" in few
    assert "Intervals of so few are too short." in few
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
    with results.write_csv([row()], tmp_path / "results.csv").open() as stream:
        records = list(csv.DictReader(stream))
    assert [record["selector"] for record in records] == ["nearest", "uniform"]
    assert float(records[0]["median"]) == 91.0
    assert float(records[0]["delta_uniform"]) == pytest.approx(4 / 3)


SIX = {"accuracies": [92.0] * 6, "baseline": [90.0] * 6}
LOSES_ONCE = {"accuracies": [92.0] * 5 + [89.0], "baseline": [90.0] * 6}


def test_p_is_adjusted_for_all_comparisons_of_a_setting_and_baselines_are_none():
    # Of 64 sign patterns, 2 are as extreme as six wins by 2; with a loss by 1 among them, 4.
    family = [
        row(0, "nearest", **SIX),
        row(1, "furthest", **LOSES_ONCE),
        row(2, "full", **SIX),
        row(3, "uniform", **SIX),
    ]
    assert results.adjusted_p(family) == [4 / 64, 4 / 64, None, None]
    assert results.adjusted_p(family[2:]) == [None, None]


def test_rows_of_other_settings_do_not_belong_to_the_family():
    rows = [row(0, **SIX), row(1, **SIX, options=OPTIONS | {"dataset": "other"})]
    adjusted = [record["p_holm"] for record in results.as_dicts(rows) if record["selector"] == "nearest"]
    assert adjusted == [2 / 64, 2 / 64]


def test_the_table_shows_the_adjusted_p():
    text = shown([row(0, **SIX), row(1, "furthest", **LOSES_ONCE)])
    assert text.count(" 0.062 ") == 2, text


def test_the_table_fits_its_width_with_the_longest_of_selectors():
    wide = row(
        selector="facility_location",
        budget=10_000,
        accuracies=[99.5, 100.0] * 6,
        baseline=[88.25] * 12,
        worst_class=[100.0] * 12,
        seconds={"select": 1234.5, "train": 1199.9},
        transfer={"lenet5_batchnorm": {"accuracies": [90.0] * 12, "baseline": [89.5] * 12}},
    )
    cells = ("facility_location", "on lenet5_batchnorm", "99.50 to 100.00", "+11.50 [+11.38, +11.62]")
    for cell in (*cells, "12/0/0", "100.0", "1234", "99992"):
        assert cell in shown([wide])


def test_wins_ties_and_losses_are_counted_in_table_and_csv():
    mixed = row(accuracies=[92.0, 91.0, 90.0, 90.0], baseline=[90.0, 91.0, 91.0, 89.0])
    assert " 2/1/1 " in shown([mixed])
    first, uniform = results.as_dicts([mixed])
    assert [first[name] for name in ("wins", "ties", "losses")] == [2, 1, 1]
    assert [uniform[name] for name in ("wins", "ties", "losses")] == [0, 4, 0]


def test_the_worst_class_is_shown_for_method_and_baseline():
    text = shown([row(worst_class=[70.0, 80.0, 60.0], baseline_worst_class=[50.0, 55.0, 40.0])])
    nearest, uniform = (
        re.search(rf"^ {name} +\d.*$", text, re.MULTILINE)[0] for name in ("nearest", "uniform")
    )
    assert " 70.0 " in nearest
    assert " 50.0 " in uniform


KEPT = {
    "rows_of_class": [[7, 2, 1], [9, 1, 0], [8, 1, 1]],
    "baseline_rows_of_class": [[4, 3, 3]] * 3,
    "labels_read": 10,
}


def test_the_kept_rows_of_every_class_are_in_the_csv():
    nearest, uniform = results.as_dicts([row(**KEPT)])
    assert (nearest["rows_of_class"], uniform["rows_of_class"]) == ("7 2 1", "4 3 3")
    # One class is absent in the second repetition; two have a single row in the third.
    assert (nearest["absent_classes"], nearest["singleton_classes"]) == (1, 2)
    assert (uniform["absent_classes"], uniform["singleton_classes"]) == (0, 0)


def test_classes_without_a_row_are_told_below_the_table():
    assert "Classes without a kept row, at most: nearest budget=10 1 of 3." in told(shown([row(**KEPT)]))
    assert "Classes without" not in shown([row(**KEPT | {"rows_of_class": [[7, 2, 1]] * 3})])


def test_labels_beyond_those_of_the_kept_rows_are_told_below_the_table():
    assert "labels read" not in shown([row(**KEPT)])
    assert "More labels read than rows kept: moderate 45." in told(
        shown([row(0, "moderate", labels_read=45)])
    )
    assert [record["labels_read"] for record in results.as_dicts([row(labels_read=45)])] == [45, 10]


def test_the_seconds_of_every_stage_are_in_the_csv():
    (nearest, _) = results.as_dicts([row()])
    assert [nearest[f"{stage}_seconds"] for stage in results.STAGES] == [1.0, 2.0, 0.0, 0.5, 4.0]


ON_MLP = {"accuracies": [80.0, 83.0, 82.0], "worst_class": [70.0] * 3, "baseline": [81.0] * 3}
ON_MLP |= {"baseline_worst_class": [60.0] * 3, "seconds": {"select": 0.5, "train": 2.0, "baseline": 1.5}}


def test_every_network_has_a_line_below_the_selector_it_shares_the_rows_with():
    text = shown([row(0, transfer={"mlp": ON_MLP}), row(1, "furthest", transfer={"mlp": ON_MLP})])
    named = re.findall(r"^ +(?:on )?(\w+)(?= +\d+ +10 )", text, re.MULTILINE)
    assert named == ["nearest", "mlp", "furthest", "mlp", "uniform", "mlp"]
    assert text.count("82.00  80.00 to 83.00") == 2  # -1, +2, +1 against the baseline's 81
    assert text.count("+0.67 [") == 2
    assert text.count("81.00  81.00 to 81.00") == 1
    assert "on ...: another network, trained on the same kept rows" in told(text)


def test_the_csv_names_the_network_of_every_line():
    records = results.as_dicts([row(transfer={"convnet": ON_MLP})])
    assert [(record["selector"], record["network"]) for record in records] == [
        ("nearest", "mlp"),
        ("nearest", "convnet"),
        ("uniform", "mlp"),
        ("uniform", "convnet"),
    ]
    assert [record["median"] for record in records] == [91.0, 82.0, 90.0, 81.0]
    assert [record["train_seconds"] for record in records] == [4.0, 2.0, 3.0, 1.5]


def test_comparisons_on_other_networks_belong_to_the_family():
    on_mlp = ON_MLP | {
        "accuracies": [92.0] * 6,
        "baseline": [90.0] * 6,
        "worst_class": [],
        "baseline_worst_class": [],
    }
    # Two comparisons, each with 2 of 64 sign patterns as extreme.
    adjusted = [record["p_holm"] for record in results.as_dicts([row(**SIX, transfer={"mlp": on_mlp})])]
    assert adjusted == [4 / 64, 4 / 64, None, None]


def test_the_line_after_a_job_tells_what_the_rows_are_worth_on_other_networks():
    assert ", on mlp +0.67 [" in report.line(row(transfer={"mlp": ON_MLP}))


def test_other_networks_for_the_same_rows_make_another_table():
    rows = [row(0), row(1, options=OPTIONS | {"transfer": "mlp"}, transfer={"mlp": ON_MLP})]
    assert len(report.tables(rows)) == 2


def test_equal_epochs_are_told_below_the_table():
    epochs = {"trainer.match": "epochs", "trainer.epochs": "25.0"}
    assert "every budget was trained for 25 passes over its rows" in told(
        shown([row(options=OPTIONS | epochs)])
    )
    assert "passes" not in shown([row(options=OPTIONS | {"trainer.match": "steps"})])


def test_the_worst_class_of_method_and_baseline_is_in_the_csv():
    measured = row(worst_class=[70.0, 80.0, 60.0], baseline_worst_class=[50.0, 55.0, 40.0])
    assert [record["worst_class_median"] for record in results.as_dicts([measured])] == [70.0, 50.0]


def test_a_row_recorded_before_the_worst_class_was_measured_is_still_shown():
    assert [record["worst_class_median"] for record in results.as_dicts([row()])] == [None, None]


def test_rows_of_one_selector_are_told_apart_by_how_they_chose():
    rows = [row(0, options=OPTIONS | {"selector.end": end}) for end in ("easy", "hard")]
    rows.append(row(2, "furthest"))
    assert [report.label(each, rows) for each in rows] == ["nearest end=easy", "nearest end=hard", "furthest"]


def test_the_settings_of_another_embedding_are_said_by_its_name():
    pca = {"embedding": "pca", "embedding.components": "64"}
    rows = [
        row(options=pca),
        row(options=pca | {"embedding.components": "8"}),
        row(options={"embedding": "patches", "embedding.components": "64", "embedding.grid": "4"}),
    ]
    assert [report.label(each, rows[::2]) for each in rows[::2]] == [
        "nearest embedding=pca",
        "nearest embedding=patches",
    ]
    assert report.label(rows[1], rows) == "nearest embedding=pca embedding.components=8"


def test_what_was_cached_is_marked():
    cells = [line.split()[-1] for line in shown([row(status="cached")]).splitlines() if "nearest" in line]
    assert cells == ["yes"]
