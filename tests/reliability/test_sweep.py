"""Rows 53 to 65: many jobs, signals, deaths, clocks, memory and devices."""

import json
import pickle
import resource
import signal
import sqlite3
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import torch

from winnow.command import run_folder
from winnow.command.executor import WorkerDied
from winnow.command.sweep import Sweep
from winnow.errors import InvalidValue, exit_code, explain, lacks_memory
from winnow.network.device import device_for
from winnow.report import history

ROOT = Path(__file__).parents[2]
TWENTY = "k=" + ",".join(map(str, range(20, 40)))


def test_53_of_twenty_jobs_eighteen_finish_and_both_failures_are_listed(command, capfd):
    failing = TWENTY.replace("27", "2700").replace("33", "3300")
    ended = command.run("selector=uniform", failing)
    assert ended.code == 1
    assert ended.said == "2 of 20 jobs failed | listed above"
    assert ended.statuses == ["failed" if number in (7, 13) else "ok" for number in range(20)]
    said = capfd.readouterr()
    for k in (2700, 3300):
        assert f"k={k}" in said.out + said.err
        assert f"[1, n=1438], got {k}" in said.out + said.err


def ended_by(number, train, tmp_path, *words, after="state/cache/locks/trained-*.holder"):
    """Send a signal to a sweep while it trains; return the process and what sweep.json says of its jobs."""
    process = train("-m", "selector=uniform", "k=20,30", "trainer.steps=1000000", *words)
    deadline = time.monotonic() + 90
    while not list(tmp_path.glob(after)):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert "Traceback" not in stderr
    assert "type the same line again" in stderr
    (folder,) = (tmp_path / "state" / "runs").iterdir()
    assert list(tmp_path.rglob("*.tmp-*")) == []
    rows = json.loads((folder / "sweep.json").read_text())["rows"]
    return process.returncode, [row["status"] for row in rows]


def test_54_ctrl_c_stops_a_sweep_and_says_what_was_not_done(train, tmp_path):
    assert ended_by(signal.SIGINT, train, tmp_path) == (130, ["interrupted", "pending"])


def test_55_a_termination_stops_a_sweep_with_its_own_code_and_leaves_a_checkpoint(train, tmp_path):
    saved = "state/cache/unfinished/*/step=*.ckpt"
    ended = ended_by(signal.SIGTERM, train, tmp_path, "trainer.checkpoint_minutes=0.001", after=saved)
    assert ended == (143, ["interrupted", "pending"])
    for path in tmp_path.glob(saved):
        assert torch.load(path, weights_only=True)["global_step"] > 0


# A sweep in a process that dies when the result of its job 7 (from 0) is written.
DIES = """
import os, signal, sys


def die(event, arguments):
    if event == "open" and "job-7.json" in str(arguments):
        os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(die)
sys.argv = sys.argv[1:]
import runpy
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_57_and_58_a_killed_sweep_goes_on_with_what_is_left_and_then_has_nothing_to_do(
    tracked, fork_server, child_environment, tmp_path
):
    line, dies = ("selector=uniform", TWENTY), tmp_path / "dies.py"
    dies.write_text(DIES)
    words = (*tracked.settings, f"state_dir='{tracked.state}'", "tracker=mlflow", *line)
    killed = fork_server.run(dies, ROOT / "train.py", "-m", *words, cwd=tmp_path, env=child_environment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = tracked.entries()

    ended = tracked.done(*line)
    assert ended.statuses == ["cached"] * 8 + ["ok"] * 12  # of job 7 only the row was lost
    assert len({row.key for row in ended.rows}) == 20
    assert done.items() <= tracked.entries().items()  # nothing was computed twice
    keys = [run["winnow.key"] for run in tracked.runs() if "winnow.key" in run]
    assert len(keys) == len(set(keys)) == 20

    before, started = tracked.entries(), time.monotonic()
    again = tracked.done(*line)
    assert time.monotonic() - started < 30  # a few seconds where the machine has nothing else to do
    assert again.statuses == ["cached"] * 20
    assert [row.accuracies for row in again.rows] == [row.accuracies for row in ended.rows]
    assert tracked.entries() == before
    runs = [run for run in tracked.runs() if "winnow.baseline" in run]
    assert len(runs) == 20
    assert {run["status"] for run in runs} == {"FINISHED"}


def test_59_another_configuration_has_other_keys_and_a_table_of_its_own(command):
    command.done("selector=uniform", "trainer.learning_rate=0.006,0.001")
    one, other = history.finished(command.state).rows
    assert one.key != other.key
    assert one.setting != other.setting  # by which tables are grouped


class StoppedClock(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 2, 3, 4, 5, tzinfo=tz)


def test_60_two_sweeps_of_the_same_instant_have_folders_of_their_own(command, monkeypatch):
    monkeypatch.setattr(run_folder, "datetime", StoppedClock)
    folders = {Sweep.begin(command.plans("selector=uniform"), "").folder for _ in range(2)}
    assert len(folders) == 2
    assert all(folder.is_dir() for folder in folders)


def test_61_a_state_folder_that_cannot_be_written_is_refused_before_any_work(command):
    started = time.monotonic()
    ended = command.run("state_dir=/proc/nope", "selector=uniform")
    assert ended.code == 1
    assert ended.said.startswith("state_dir must be a folder that can be written to")
    assert "\n" not in ended.said
    assert time.monotonic() - started < 5


def test_62_a_clock_that_is_set_back_gives_no_negative_durations(tracked, monkeypatch):
    hours = iter(range(1_000_000, 0, -1))
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: 3600.0 * next(hours))
        ended = tracked.done("selector=nearest")
    assert all(seconds >= 0 for row in ended.all_rows for seconds in row.seconds.values())
    with closing(sqlite3.connect(tracked.state / "mlflow.db")) as connection:
        runs = connection.execute("select status, end_time - start_time from runs").fetchall()
    assert len(runs) == 2
    assert all(status == "FINISHED" and duration >= 0 for status, duration in runs)


class ClockSetBack(datetime):
    year_now = 2026

    @classmethod
    def now(cls, tz=None):
        cls.year_now -= 1
        return cls(cls.year_now, 1, 1, tzinfo=tz)


def test_62_the_latest_command_is_the_last_whatever_the_clock_says(command, monkeypatch):
    monkeypatch.setattr(run_folder, "datetime", ClockSetBack)
    for seed in (1, 2, 3):
        command.done("selector=uniform", f"seed={seed}")
    seeds = [history.of_command(folder).rows[0].options["seed"] for folder in command.commands()]
    assert seeds == ["1", "2", "3"]


@pytest.mark.parametrize(
    "fault",
    [
        MemoryError("Unable to allocate 74.5 GiB for an array with shape (100000, 100000)"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        OSError(12, "Cannot allocate memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000 bytes."),
        RuntimeError("can't start new thread"),
    ],
)
def test_63_too_little_memory_is_called_so_whatever_the_library_says(fault):
    assert exit_code(fault) == 1
    said = explain(fault)
    assert said.startswith("not enough memory: ")
    assert " GiB | lower n_jobs or the size of the data" in said


@pytest.mark.parametrize(
    "fault",
    [
        ImportError("No module named 'torch'"),
        OSError(2, "No such file"),
        ValueError("cannot allocate memory"),
    ],
)
def test_63_other_faults_are_not_blamed_on_memory(fault):
    assert not lacks_memory(fault)


def test_63_a_limit_of_memory_ends_a_command_in_words_about_memory(train):
    limit = int(2.5e9)
    process = train(
        "selector=uniform", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    )
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in stderr
    assert "error: not enough memory: " in stderr
    assert "this process may use 2.3 GiB" in stderr


def test_64_a_killed_worker_is_named_with_a_hint_at_memory():
    fault = pickle.loads(pickle.dumps(WorkerDied()))
    assert exit_code(fault) == 1
    said = explain(fault)
    assert said.startswith("a worker process died, most likely killed because memory ran out")
    assert "lower n_jobs" in said


def test_65_the_device_that_a_training_ran_on_is_recorded_with_its_run(tracked):
    tracked.done("selector=uniform", "trainer.accelerator=cpu", "transfer=linear")
    statement = "select key, value from params where key like 'device%' order by key"
    with closing(sqlite3.connect(tracked.state / "mlflow.db")) as connection:
        assert connection.execute(statement).fetchall() == [("device", "cpu"), ("device_linear", "cpu")]


def test_65_a_gpu_that_is_missing_is_refused_unless_any_device_will_do(command, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_for("auto").type == "cpu"
    with pytest.raises(InvalidValue, match="got 'gpu' and no usable GPU"):
        device_for("gpu")
    ended = command.run("selector=nearest", "trainer.accelerator=gpu")
    assert (ended.code, ended.statuses) == (1, ["failed"])
    assert ended.said.startswith("accelerator must be available on this machine, got 'gpu'")
    assert command.entries() == {}  # nothing is embedded or clustered either
