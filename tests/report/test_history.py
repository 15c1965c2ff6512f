"""Over a state folder every result counts once, and results of different code are never mixed."""

import json
from dataclasses import replace

import pytest

from winnow.report import history
from winnow.report.rows import write_rows


@pytest.fixture
def command(tmp_path):
    """Write a command's rows: command("1", rows)."""

    def write(name, *rows):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        write_rows(folder / "sweep.json", [row for each in rows for row in each])
        return folder

    return write


def names(results):
    return [(row.selector, row.budget, row.code) for row in results.finished]


def of_code(code, rows):
    """The same rows made by other code: each has another key, and another baseline."""
    return [
        replace(row, code=code, key=f"{row.key} {code}", baseline=row.baseline and f"{row.baseline} {code}")
        for row in rows
    ]


def test_what_was_run_twice_counts_once(tmp_path, command, job):
    command("1", job())
    command("2", job(status="cached"), job("furthest", job=1))
    results = history.finished(tmp_path)
    assert names(results) == [("nearest", 10, "c0de"), ("furthest", 10, "c0de"), ("uniform", 10, "c0de")]
    assert results.notes == []


def test_after_an_edit_of_a_selector_its_latest_result_counts_and_a_line_says_so(tmp_path, command, job):
    command("1", job("nearest"), job("furthest", job=1))
    command("2", job("nearest", code="new", key="new", baseline={"code": "c0de"}, accuracies=[80.0] * 3))
    results = history.finished(tmp_path)
    assert names(results) == [("nearest", 10, "new"), ("furthest", 10, "c0de"), ("uniform", 10, "c0de")]
    (note,) = results.notes
    assert note.startswith("left out: 1 result of earlier code or library versions: nearest k=10 budget=10 |")


def test_after_an_upgrade_only_what_was_run_again_is_shown(tmp_path, command, job):
    old = [*job("nearest"), *job("furthest", job=1), *job("nearest", 20, job=2)]
    command("1", old)
    command("2", of_code("new", job("nearest", accuracies=[80.0] * 3)))
    results = history.finished(tmp_path)
    assert names(results) == [("nearest", 10, "new"), ("uniform", 10, "new")]
    assert results.adjusted_p == [results.comparison(results.finished[0]).p, None]  # a family of one
    (note,) = results.notes
    assert "left out: 5 results" in note
    assert "furthest k=10 budget=10" in note


def test_the_whole_set_trained_by_older_code_is_left_out(tmp_path, command, row, job):
    command("1", [row("full", 99)], job(job=1))
    command("2", of_code("new", job()))
    assert names(history.finished(tmp_path)) == [("nearest", 10, "new"), ("uniform", 10, "new")]


def test_other_data_keep_their_results_when_code_changes(tmp_path, command, job):
    command("1", job(options={"dataset": "other"}))
    command("2", of_code("new", job()))
    assert {code for _, _, code in names(history.finished(tmp_path))} == {"c0de", "new"}


def test_code_that_came_back_is_the_latest(tmp_path, command, job):
    command("1", job("nearest"), job("furthest", job=1))
    command("2", of_code("new", job("nearest")))
    command("3", job("nearest", status="cached"))
    assert names(history.finished(tmp_path)) == [
        ("nearest", 10, "c0de"),
        ("furthest", 10, "c0de"),
        ("uniform", 10, "c0de"),
    ]


def test_more_repetitions_are_another_result(tmp_path, command, job):
    six = job(accuracies=[91.0] * 6, key="six", baseline={"accuracies": [90.0] * 6, "key": "u6"})
    command("1", job())
    command("2", six)
    assert [len(row.accuracies) for row in history.finished(tmp_path).finished] == [3, 6, 3, 6]


def test_files_that_cannot_be_read_are_left_out_in_one_line(tmp_path, command, job):
    command("1", job())
    (command("2", job("furthest")) / "sweep.json").write_text(json.dumps([{"job": 0, "transfer": {}}]))
    (command("3", job("random")) / "sweep.json").write_text('{"format": 2, "rows": [{"jo')
    results = history.finished(tmp_path)
    assert [row.selector for row in results.finished] == ["nearest", "uniform"]
    (note,) = results.notes
    assert "the format of an older version" in note
    assert "(and 1 files more)" in note
    assert "\n" not in note


def test_an_empty_or_missing_state_folder_has_no_rows(tmp_path):
    assert history.finished(tmp_path / "missing").rows == []


def test_a_job_that_ended_takes_the_place_of_its_pending_row(command, row, job):
    pending = [
        row("nearest", job=number, status="pending", accuracies=[], overrides=[f"k={number}"])
        for number in (0, 1)
    ]
    folder = command("1", pending)
    write_rows(folder / "job-1.json", job(job=1))
    results = history.of_command(folder)
    assert [(row.job, row.status, row.selector) for row in results.rows] == [
        (0, "pending", "nearest"),
        (1, "ok", "uniform"),
        (1, "ok", "nearest"),
    ]
    assert {tuple(row.overrides) for row in results.rows if row.job == 1} == {("k=1",)}


def test_jobs_are_found_though_the_list_of_all_is_damaged(command, job):
    folder = command("1", job())
    write_rows(folder / "job-0.json", job())
    (folder / "sweep.json").write_text("")
    results = history.of_command(folder)
    assert [row.selector for row in results.rows] == ["uniform", "nearest"]
    assert len(results.notes) == 1
