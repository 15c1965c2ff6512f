"""Many jobs by many commands, with few of both."""

import importlib
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def many_jobs(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("many_jobs")


def test_runs_of_jobs_are_counted_and_those_that_are_there_twice_seen(many_jobs, tmp_path):
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table runs (run_uuid text, status text)")
        connection.execute("create table params (run_uuid text, key text, value text)")
        runs = [("parent", "FINISHED"), ("a", "FINISHED"), ("b", "FINISHED"), ("c", "RUNNING")]
        connection.executemany("insert into runs values (?, ?)", runs)
        sizes = [("a", "k", "20"), ("b", "k", "20"), ("c", "k", "21"), ("c", "budget", "21")]
        connection.executemany("insert into params values (?, ?, ?)", sizes)
    assert many_jobs.recorded(path) == (3, 2, 2)


def test_jobs_that_no_command_can_share_equally_are_refused(many_jobs, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["many_jobs.py", f"folder={tmp_path / 'new'}", "commands=3", "jobs=4"])
    assert many_jobs.main() == 2
    assert "a multiple of commands" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_two_commands_at_once_lose_nothing_and_leave_nothing(many_jobs, monkeypatch, tmp_path, capfd):
    folder = tmp_path / "new"
    monkeypatch.setattr(sys, "argv", ["many_jobs.py", f"folder={folder}", "commands=2", "jobs=4", "looks=2"])
    assert many_jobs.main() == 0
    printed = capfd.readouterr().out
    assert re.search(r"\| [23] \| \d+ \| +\| \d+\.\d \| \d+ \|", printed)
    assert "2 commands ended, 2 with 0; the store holds 4 runs of 4 jobs, 4 of them finished, 0" in printed
    assert not folder.exists()
