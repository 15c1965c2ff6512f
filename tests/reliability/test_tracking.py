"""Rows 41 to 52: the tracker says the truth about every run, and its faults cost no result."""

import hashlib
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from winnow.errors import TryLater, exit_code
from winnow.selector.uniform import Uniform
from winnow.tracker import _database as database
from winnow.tracker._send import Sender
from winnow.tracker.mlflow import MLflow
from winnow.tracking import Store

# Importing MLflow takes seconds; so one process imports it and forks those that meet on no database, and
# those that die in the middle of a run.
FORKS = """
import os, signal, sys, traceback
from pathlib import Path
import mlflow
from winnow.tracker.mlflow import MLflow


def meets(name):
    store = MLflow().open(Path(sys.argv[1]))
    with store.run(f"run {name}", key=f"key {name}", params={}, tags={}) as run:
        run.metrics({"test_acc_median": 90.0 + name})
    assert store.send() is None


def dies(how):
    with MLflow().open(Path(sys.argv[2])).run("dies", key="dies", params={}, tags={}) as run:
        run.metrics({"test_acc_median": 90.0})
        os._exit(3) if how == "exits" else os.kill(os.getpid(), signal.SIGKILL)


def fork(work, argument):
    if pid := os.fork():
        return pid
    try:
        work(argument)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


for name in range(5):
    fork(meets, name)
failed = sum(os.waitstatus_to_exitcode(os.wait()[1]) != 0 for _ in range(5))
dead = [fork(dies, "exits"), fork(dies, "is killed")]
os.wait(), os.wait()
print(failed, *dead)
"""


@dataclass(frozen=True)
class Forked:
    """What is left of five processes that met on no database, and of two that died."""

    met: Path
    died: Path
    failed: int
    dead: tuple[str, ...]


@pytest.fixture(scope="module")
def forked(tmp_path_factory, empty_database, child_environment) -> Forked:
    met, died = tmp_path_factory.mktemp("met"), tmp_path_factory.mktemp("died")
    # What a kill in the first migration leaves behind.
    half_built = met / "mlflow.db.init-killed" / "mlflow.db"
    half_built.parent.mkdir()
    half_built.write_bytes(empty_database.read_bytes()[:50_000])
    shutil.copy(empty_database, died / "mlflow.db")
    line = [sys.executable, "-c", FORKS, met, died]
    ended = subprocess.run(line, env=child_environment, capture_output=True, text=True, timeout=200)
    assert ended.returncode == 0, ended.stderr
    failed, *dead = ended.stdout.split()
    return Forked(met, died, int(failed), tuple(dead))


def test_41_of_five_processes_that_meet_on_no_database_none_fails(forked):
    assert forked.failed == 0
    with closing(sqlite3.connect(forked.met / "mlflow.db")) as connection:
        statuses = connection.execute("select status, count(*) from runs group by 1").fetchall()
        assert statuses == [("FINISHED", 5)]
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]


def test_42_what_a_kill_in_the_first_migration_left_is_in_nobodys_way(forked):
    assert forked.failed == 0
    assert list(forked.met.glob("mlflow.db.init-*")) == []


def test_43_a_database_that_is_locked_in_the_middle_loses_nothing(tracked, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    locks = sqlite3.connect(tracked.state / "mlflow.db", isolation_level=None, timeout=0)
    choose = Uniform.select

    def select(*arguments, **named):
        if not locks.in_transaction:
            locks.execute("begin exclusive")
        return choose(*arguments, **named)

    with closing(locks):
        monkeypatch.setattr(Uniform, "select", select)
        ended = tracked.run("selector=uniform", "k=20,30")
        assert (ended.code, ended.statuses) == (75, ["ok", "ok"])
        assert "kept in" in ended.said
        assert len(ended.warned) == 1
        assert "sent later" in ended.warned[0]
        locks.execute("rollback")
    assert tracked.done("selector=uniform", "k=20,30").statuses == ["cached", "cached"]
    assert [run["status"] for run in tracked.runs()] == ["FINISHED"] * 3  # two, and their parent
    assert list((tracked.state / "unsent").glob("*/")) == []


def test_43_a_database_that_is_locked_at_the_start_means_try_later(tracked, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    with closing(sqlite3.connect(tracked.state / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        ended = tracked.run("selector=uniform")
    assert ended.code == 75
    assert "database is locked" in ended.said
    assert tracked.entries() == {}


def test_44_a_server_that_is_down_at_the_start_means_try_later_and_computes_nothing(command):
    command.tracker = "mlflow"
    started = time.monotonic()
    ended = command.run("selector=uniform", "tracker.uri=http://127.0.0.1:9")
    assert ended.code == 75
    assert time.monotonic() - started < 15
    assert "tracking store" in ended.said
    assert command.entries() == {}


def test_45_a_store_that_dies_in_the_middle_ends_no_training_and_gets_all_later(tracked, monkeypatch):
    send, sent = Sender.send, []

    def dies(self, *arguments):
        if len(sent) > 2:
            raise TryLater("tracking store unreachable")
        sent.append(arguments)
        return send(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Sender, "send", dies)
        ended = tracked.run("selector=uniform", "k=20,30,40")
    assert (ended.code, ended.statuses) == (75, ["ok"] * 3)
    assert len(ended.warned) == 1
    assert "sent later" in ended.warned[0]
    assert tracked.done("selector=uniform", "k=20,30,40").statuses == ["cached"] * 3
    assert [run["status"] for run in tracked.runs()] == ["FINISHED"] * 4  # three, and their parent
    assert list((tracked.state / "unsent").glob("*/")) == []


def test_46_a_folder_that_cannot_be_written_is_refused_at_once():
    started = time.monotonic()
    with pytest.raises(TryLater, match="must be writable") as caught:
        MLflow(uri="sqlite:////proc/nope/mlflow.db").open(Path("/proc/nope")).check()
    assert exit_code(caught.value) == 75
    assert time.monotonic() - started < 5


def test_47_an_exception_in_a_selector_makes_the_run_failed_with_its_reason(tracked, monkeypatch):
    def select(*_, **__):
        raise ZeroDivisionError("no rows here")

    monkeypatch.setattr(Uniform, "select", select)
    ended = tracked.run("selector=uniform")
    assert ended.code == 1
    (run,) = tracked.runs()
    assert (run["status"], run["error"]) == ("FAILED", "ZeroDivisionError: no rows here")


@pytest.fixture
def store(tracked) -> Store:
    return MLflow().open(tracked.state)


def test_48_the_runs_of_processes_that_died_are_failed_by_the_next_command(forked, runs_of):
    store = MLflow().open(forked.died)
    assert [run["status"] for run in runs_of(forked.died)] == ["RUNNING"] * 2
    assert store.reap() == 2
    assert store.send() is None
    runs = runs_of(forked.died)
    assert [run["status"] for run in runs] == ["FAILED"] * 2
    assert {run["error"] for run in runs} == {f"process {pid} died" for pid in forked.dead}
    assert store.finished("dies") is None


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_48_an_interruption_makes_the_run_killed(tracked, store, stop):
    with pytest.raises(stop), store.run("stopped", key="stopped", params={}, tags={}):
        raise stop
    assert [run["status"] for run in tracked.runs()] == ["KILLED"]


def test_49_a_loss_that_is_not_finite_fails_the_run_at_its_step(tracked):
    ended = tracked.run("selector=uniform", "trainer.learning_rate=1e30", "trainer.steps=20")
    assert (ended.code, ended.statuses) == (1, ["failed"])
    (run,) = tracked.runs()
    assert run["status"] == "FAILED"
    assert "got a non-finite loss at step " in run["error"]
    assert tracked.entries("trained") == {}
    with closing(sqlite3.connect(tracked.state / "mlflow.db")) as connection:
        assert connection.execute("select count(*) from metrics").fetchall() == [(0,)]


def test_52_a_configuration_of_any_length_is_kept_as_a_file(tracked, store):
    content = "k: [" + ", ".join(map(str, range(3000))) + "]\n"
    assert len(content) > 6000
    with store.run("long", key="long", params={"k": content}, tags={}) as run:
        run.text(content, "config.yaml")
        run.metrics({"test_acc_median": 90.0})
    (file,) = (tracked.state / "artifacts").rglob("config.yaml")
    assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(content.encode()).digest()
    assert [run["status"] for run in tracked.runs()] == ["FINISHED"]
