"""What became of jobs that did not say so themselves."""

from concurrent.futures.process import BrokenProcessPool

import pytest

from winnow.command.launched import record_lost
from winnow.report.history import of_command
from winnow.report.rows import Row, write_rows


def row(job, status):
    options = {"selector": "nearest", "model": "mlp"}
    return Row(job=job, status=status, selector="nearest", network="mlp", k=2, budget=2, options=options)


@pytest.fixture
def folder(tmp_path):
    """A command of four jobs: done, interrupted, and two of which nothing was heard."""
    write_rows(tmp_path / "sweep.json", [row(job, "pending") for job in range(4)])
    write_rows(tmp_path / "job-0.json", [row(0, "ok")])
    write_rows(tmp_path / "job-1.json", [row(1, "interrupted")])
    return tmp_path


def outcome(folder):
    return {each.job: (each.status, each.reason, each.exit_code) for each in of_command(folder).rows}


def test_each_lost_job_has_its_reason_and_the_exit_code_that_says_try_later(folder):
    record_lost(folder, {1: "cancelled", 3: "killed"})
    found = outcome(folder)
    assert found[0] == ("ok", "", 0)
    assert found[1] == ("failed", "cancelled", 75)
    assert found[3] == ("failed", "killed", 75)
    assert found[2][0] == "failed"
    assert "time was up" in found[2][1]


def test_a_launcher_that_lost_a_process_loses_the_jobs_that_were_not_done(folder):
    record_lost(folder, {}, BrokenProcessPool("a child was killed"))
    found = outcome(folder)
    assert found[0] == ("ok", "", 0)
    assert {found[job][0] for job in (1, 2, 3)} == {"failed"}
    assert all("a worker process died" in found[job][1] for job in (1, 2, 3))
