"""A command that is stopped or killed leaves the truth behind, and the same line goes on from there."""

import os
import signal
import time

import pytest

pytestmark = pytest.mark.slow
LONG = ("seeds=1", "trainer.steps=1000000")


def statuses(command):
    return sorted(run["status"] for run in command.tracked())


def test_ctrl_c_in_a_sweep_stops_it_and_every_worker(command):
    process = command.start("-m", "selector=uniform", "k=20,30", "n_jobs=2", *LONG, start_new_session=True)
    command.wait_for("unsent/*/files/environment.json")  # the job's run is open
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert [row["status"] for row in command.rows()] == ["interrupted", "pending"]
    assert statuses(command) == ["KILLED", "KILLED"]  # the job's run and the sweep's
    assert "type the same line again" in stderr
    assert "Traceback" not in stderr
    assert none_alive(command)


def none_alive(command, seconds=10):
    deadline = time.monotonic() + seconds
    while command.alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    return not command.alive()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_during_training_ends_the_run_as_killed(command, number, code):
    process = command.start("selector=uniform", *LONG)
    command.wait_for("cache/locks/trained-*.holder")
    time.sleep(0.5)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    assert statuses(command) == ["KILLED"]
    assert [row["status"] for row in command.rows()] == ["interrupted"]
    assert "Traceback" not in stderr
    assert command.temporary() == []


def test_a_sweep_killed_in_the_middle_goes_on_with_what_is_left(command, reference):
    line = ("-m", "selector=nearest,random", "n_jobs=2")
    process = command.start(*line)
    command.wait_for("runs/*/job-0.json")
    process.kill()
    process.communicate(timeout=60)  # which waits for whoever holds its pipes: the workers, too
    assert none_alive(command, seconds=30)
    assert [row["status"] for row in command.rows()] == ["pending", "pending"]
    assert "RUNNING" in statuses(command)

    done = command.entries("trained")
    command.done(*line)
    assert [row["status"] for row in command.rows()] == ["cached", "ok"]
    assert command.accuracies() == reference.accuracies()
    assert done.items() <= command.entries("trained").items()  # nothing was trained twice
    finished = [run for run in command.tracked() if run["status"] == "FINISHED" and "winnow.key" in run]
    assert sorted(run["selector"] for run in finished) == ["nearest", "random", "uniform"]
    assert len({run["winnow.key"] for run in finished}) == 3
    assert set(statuses(command)) == {"FINISHED", "FAILED"}
    assert all("died" in run["error"] for run in command.tracked() if run["status"] == "FAILED")
    assert command.temporary() == []


def test_dying_at_any_point_of_writing_changes_no_result(command, reference):
    line = ("selector=nearest",)
    for point in ("fit", "write", "fsync", "rename"):
        ended = command.run(*line, env={"WINNOW_CRASH_AT": point})
        assert ended.returncode == -signal.SIGKILL, (point, ended.stderr)
    command.done(*line)
    expected = reference.accuracies()
    assert command.accuracies() == {cell: expected[cell] for cell in [("nearest", 20), ("uniform", 20)]}
    assert command.kept() <= reference.kept()
    assert statuses(command).count("FINISHED") == 2
    assert "RUNNING" not in statuses(command)
    assert command.temporary() == []
