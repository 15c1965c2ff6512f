import os
import re
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest

from winnow.errors import InvalidValue, TryLater
from winnow.tracker import _database as database
from winnow.tracker.mlflow import MLflow

# Importing MLflow takes seconds; so one process imports it and forks those that race, or are killed.
RACE = """
import os, sys, traceback, warnings
from pathlib import Path
import mlflow
from winnow.errors import WinnowWarning
from winnow.tracker.mlflow import MLflow

def work(name):
    warnings.simplefilter("error", WinnowWarning)
    store = MLflow().open(Path(sys.argv[1]))
    store.check()
    with store.run(f"run {name}", key=f"key {name}", params={"k": name}, tags={}) as run:
        for step in range(5):
            run.metrics({"test_acc": 90.0 + name}, step)
        run.text("written by " + str(name), "note.txt")
        run.metrics({"test_acc_median": 90.0 + name})
    assert store.send() is None

mlflow.MlflowClient(f"sqlite:///{sys.argv[2]}")
for name in range(int(sys.argv[3])):
    if os.fork() == 0:
        try:
            work(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
sys.exit(sum(os.waitstatus_to_exitcode(os.wait()[1]) != 0 for _ in range(int(sys.argv[3]))))
"""

KILL = """
import os, signal, sys, time
from pathlib import Path
import mlflow
from winnow.tracker.mlflow import MLflow

for delay in map(float, sys.argv[2:]):
    state_dir = Path(sys.argv[1]) / str(delay)
    if (pid := os.fork()) == 0:
        MLflow().open(state_dir).prepare()
        os._exit(0)
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    print(*(path.name for path in state_dir.glob("*")))
    if (pid := os.fork()) == 0:
        MLflow().open(state_dir).prepare()
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit(1)
"""


def query(path, statement: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def schema(path) -> list[tuple]:
    rows = query(path, "select type, name, coalesce(sql, '') from sqlite_master order by type, name")
    # The order in which MLflow lists a table's constraints changes from run to run.
    return [(kind, name, sorted(re.split(r"[\s,]+", sql))) for kind, name, sql in rows]


# For a release: WINNOW_TEST_STRESS=1
PROCESSES = 20 if os.environ.get("WINNOW_TEST_STRESS") else 8


def test_many_processes_may_start_at_once_on_nothing(tmp_path, empty_database, child):
    result = child(RACE, tmp_path, empty_database, PROCESSES)
    assert result.returncode == 0, result.stderr
    path = tmp_path / "mlflow.db"
    assert query(path, "select count(*), min(status), max(status) from runs") == [
        (PROCESSES, "FINISHED", "FINISHED")
    ]
    assert query(path, "select count(*) from metrics where key = 'test_acc'") == [(5 * PROCESSES,)]
    assert len(list(tmp_path.glob("artifacts/*/artifacts/note.txt"))) == PROCESSES
    assert list((tmp_path / "unsent").iterdir()) == []
    assert query(path, "pragma integrity_check") == [("ok",)]
    assert query(path, "select count(*) from experiments where name = 'winnow'") == [(1,)]


def test_a_kill_during_the_first_creation_leaves_the_next_start_fine(tmp_path, child):
    result = child(KILL, tmp_path, 0.5, 3)
    assert result.returncode == 0, result.stderr
    assert ".init-" in result.stdout, "no kill hit the building of the schema"
    for path in tmp_path.glob("*/mlflow.db"):
        assert query(path, "pragma integrity_check") == [("ok",)]
    assert len(list(tmp_path.glob("*/mlflow.db"))) == 2
    assert not list(tmp_path.glob("*/*.init-*"))


def test_the_schema_is_the_one_mlflow_builds(empty_database, tmp_path):
    from mlflow import MlflowClient

    MlflowClient(f"sqlite:///{tmp_path}/theirs.db").search_experiments()
    assert schema(empty_database) == schema(tmp_path / "theirs.db")


def test_a_copy_of_the_file_alone_holds_every_run(store, tmp_path):
    with store.run("name", key="key", params={}, tags={}) as run:
        run.metrics({"test_acc_median": 95.0})
    # While MLflow still has its connections open, as a process has that is killed at its end.
    shutil.copy(store.state_dir / "mlflow.db", tmp_path / "copy.db")
    assert query(tmp_path / "copy.db", "select status from runs") == [("FINISHED",)]
    assert not list(store.state_dir.glob("mlflow.db-*"))


def test_a_database_of_an_earlier_version_loses_its_write_ahead_log(state_dir):
    with closing(sqlite3.connect(state_dir / "mlflow.db")) as connection:
        connection.execute("pragma journal_mode = wal")
    MLflow().open(state_dir).prepare()
    assert query(state_dir / "mlflow.db", "pragma journal_mode") == [("delete",)]


def test_a_database_of_another_mlflow_version_is_named_in_one_line(state_dir):
    with closing(sqlite3.connect(state_dir / "mlflow.db")) as connection, connection:
        connection.execute("update alembic_version set version_num = 'abcdef'")
    with pytest.raises(InvalidValue, match="must be of the MLflow version that is installed") as caught:
        MLflow().open(state_dir).prepare()
    assert "\n" not in str(caught.value)
    assert "mlflow db upgrade" in caught.value.remedy


def test_an_empty_file_counts_as_no_database(tmp_path):
    (tmp_path / "mlflow.db").touch()
    assert MLflow().open(tmp_path).finished("any") is None
    MLflow().open(tmp_path).prepare()
    assert query(tmp_path / "mlflow.db", "select name from experiments where name = 'winnow'")


def test_a_database_kept_locked_means_try_later(state_dir, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    with closing(sqlite3.connect(state_dir / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.raises(TryLater, match="database is locked"):
            MLflow().open(state_dir).check()


def test_a_disk_that_is_too_small_is_named_and_nothing_stays_on_it(tmp_path, child):
    code = """
import resource, sys
from pathlib import Path
from winnow.errors import TryLater
from winnow.tracker._database import create

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    create(Path(sys.argv[1]))
except TryLater as fault:
    print(fault)
"""
    said = child(code, tmp_path / "mlflow.db").stdout
    assert "could not be created: sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) disk" in said
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database, " * 100)
    with pytest.raises(InvalidValue, match="must be an SQLite database"):
        MLflow().open(tmp_path).check()


def made_immutable(folder) -> bool:
    return bool(shutil.which("chattr")) and subprocess.run(["chattr", "+i", folder]).returncode == 0


def test_a_read_only_folder_is_refused_at_once(tmp_path):
    frozen = tmp_path / "frozen"
    frozen.mkdir(mode=0o500)
    if os.geteuid() == 0 and not made_immutable(frozen):  # modes do not bind root
        pytest.skip("running as root on a file system without immutable folders")
    start = time.monotonic()
    try:
        with pytest.raises(TryLater, match="must be writable"):
            MLflow().open(frozen).check()
        with pytest.raises(TryLater, match="must be writable"):
            MLflow().open(frozen / "deeper").check()
    finally:
        if os.geteuid() == 0:
            subprocess.run(["chattr", "-i", frozen], check=True)
    assert time.monotonic() - start < 5
