"""The report of a state folder, from jobs that are made up here: nothing is trained."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from winnow.report.rows import Row, write_rows

SCRIPT = Path(__file__).parents[2] / "scripts" / "report.py"
OPTIONS = {"dataset": "toy", "model": "mlp", "augment": "none"}


def job(selector, code):
    shared = {
        "job": 0,
        "status": "ok",
        "k": 20,
        "budget": 20,
        "network": "mlp",
        "code": code,
        "options": OPTIONS,
    }
    uniform = Row(selector="uniform", key=f"uniform {code}", accuracies=[90.0, 91.0], **shared)
    accuracies = [92.0, 92.0]
    return [uniform, Row(selector=selector, key=code, baseline=uniform.key, accuracies=accuracies, **shared)]


@pytest.fixture
def report(fork_server, tmp_path):
    """Write commands, oldest first, and return what the script prints about them."""

    def run(*commands, own_process=False, **environment):
        for number, rows in enumerate(commands):
            folder = tmp_path / "runs" / str(number)
            folder.mkdir(parents=True)
            if rows:
                write_rows(folder / "sweep.json", rows)
            else:
                (folder / "sweep.json").write_text("[")
        env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment
        line = [SCRIPT, f"state_dir={tmp_path}"]
        if own_process:
            words = [sys.executable, "-W", "error", *line]
            done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
        else:
            done = fork_server.run(*line, cwd=tmp_path, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


def test_an_upgrade_leaves_one_result_and_a_line_about_the_other(report, tmp_path):
    text = report(job("nearest", "old"), job("nearest", "new"), own_process=True)
    assert text.count("\n nearest ") == 1
    assert text.count("left out: 2 results of earlier code or library versions: uniform k=20") == 1
    with (tmp_path / "report" / "results.csv").open() as stream:
        assert [row["selector"] for row in csv.DictReader(stream)] == ["nearest", "uniform"]
    assert (tmp_path / "report" / "accuracy-0.png").stat().st_size > 0
    page = (tmp_path / "report" / "report.html").read_text()
    assert "20 rows by nearest were not shown to beat as many uniform random ones" in page
    assert "left out: 2 results of earlier code" in page


def test_a_damaged_file_takes_nothing_else_with_it(report):
    text = report(job("nearest", "code"), None)
    assert text.count("\n nearest ") == 1
    assert text.count("left out: a file of results must be whole") == 1


def test_a_folder_with_nothing_readable_says_so(report):
    text = report(None)
    assert "left out: a file of results must be whole" in text
    assert "no finished job in" in text


def test_an_empty_folder_says_what_to_do(report, tmp_path):
    assert report() == f"no finished job in {tmp_path}: run one with winnow compare, or python train.py\n"


@pytest.mark.parametrize("columns", ["60", "80", "100", "120"])
def test_in_a_terminal_of_any_width_selector_k_and_median_are_seen(report, columns):
    text = report(job("nearest", "code"), FORCE_COLOR="1", COLUMNS=columns)
    assert any(
        line.split()[:2] == ["nearest", "20"] and "92.00" in line.split() for line in text.splitlines()
    )
