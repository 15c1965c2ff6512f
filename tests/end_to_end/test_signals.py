"""A command that is stopped or killed leaves the truth behind, and the same line goes on from there."""

import os
import random
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

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


# Runs the script that it is given: the process dies just before it uses such a file in such a way.
DIES = """
import os, runpy, signal, sys

_, event_to_die_at, part, *words = sys.argv


def die(event, arguments):
    if event == event_to_die_at and part in str(arguments):
        os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(die)
sys.argv[:] = words
runpy.run_path(words[0], run_name="__main__")
"""
DEATHS = [
    ("os.mkdir", ".tmp-"),
    ("open", "predictions.npy"),
    ("open", "entry.json"),
    ("os.rename", "/trained/"),
    ("os.remove", "trained-"),
    ("open", "kept-1.csv"),
    ("open", "sweep.json"),
]


def test_dying_at_any_point_of_writing_changes_no_result(command, reference, fork_server, tmp_path_factory):
    line, dies = ("selector=nearest",), tmp_path_factory.mktemp("dies") / "dies.py"
    dies.write_text(DIES)
    for event, part in DEATHS:
        ended = fork_server.run(dies, event, part, *command.line(*line), cwd=command.folder)
        assert ended.returncode == -signal.SIGKILL, (event, part, ended.stderr)
    command.done(*line)
    expected = reference.accuracies()
    assert command.accuracies() == {cell: expected[cell] for cell in [("nearest", 20), ("uniform", 20)]}
    assert command.kept() <= reference.kept()
    assert statuses(command).count("FINISHED") == 2
    assert "RUNNING" not in statuses(command)
    assert command.temporary() == []


# For a release: WINNOW_TEST_STRESS=1
MOMENTS = 100 if os.environ.get("WINNOW_TEST_STRESS") else 4
SWEEP = ("-m", "selector=nearest,random", "seeds=1")
KINDS = [
    (signal.SIGTERM, os.kill),
    (signal.SIGINT, os.kill),
    (signal.SIGINT, os.killpg),
    (signal.SIGHUP, os.kill),
]


@pytest.mark.timeout(60 * MOMENTS)
def test_a_signal_at_any_moment_ends_the_command_truthfully(command, tmp_path):
    started = time.monotonic()
    command.copy_to(tmp_path / "undisturbed").done(*SWEEP, "n_jobs=2")
    seconds = time.monotonic() - started
    rng = random.Random(0)
    moments = [rng.uniform(0, seconds) for _ in range(MOMENTS)]

    def interrupt(number):
        copied = command.copy_to(tmp_path / str(number))
        try:
            _check_interrupted(copied, moments[number], *KINDS[number % len(KINDS)], n_jobs=1 + number % 2)
        finally:
            copied.end()
            shutil.rmtree(copied.folder)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(interrupt, number) for number in range(MOMENTS)]:
            done.result()


def _check_interrupted(command, moment, number, send, n_jobs):
    process = command.start(*SWEEP, f"n_jobs={n_jobs}", start_new_session=True)
    with suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    running = process.poll() is None
    if running:
        send(process.pid, number)
    _, stderr = process.communicate(timeout=60)
    what = (moment, number, send, n_jobs, stderr)
    if process.returncode == -number:  # Python itself was still being started
        assert stderr == "", what
        assert not (command.state / "runs").exists(), what
        return
    assert process.returncode == (128 + number if running else 0), what
    assert "Traceback" not in stderr, what
    assert "Exception ignored" not in stderr, what
    assert none_alive(command), what
    assert set(statuses(command)) <= {"KILLED", "FINISHED"}, (what, statuses(command))
    assert command.temporary() == [], what
    rows = command.rows() if (command.state / "runs").exists() else []
    assert {row["status"] for row in rows} <= {"ok", "interrupted", "pending"}, what
    has_results = bool(list(command.state.glob("runs/*/results.csv")))
    assert has_results == any(row["status"] == "ok" for row in rows), what


def test_a_second_signal_ends_the_command_at_once(command):
    process = command.start("selector=uniform", *LONG)
    command.wait_for("cache/locks/trained-*.holder")
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=30) in (129, 143)  # the one or the other is handled first
    process.communicate(timeout=30)
    assert none_alive(command)
