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
import os, sys
from pathlib import Path
import mlflow.store.tracking.sqlalchemy_store
from winnow.tracker.mlflow import MLflow

for name in range(10):
    if os.fork() == 0:
        store = MLflow().open(Path(sys.argv[1]))
        with store.run(f"run {name}", key=f"key {name}", params={"k": name}, tags={}) as run:
            run.metrics({"test_acc_median": 90.0 + name})
        os._exit(0)
sys.exit(sum(os.waitstatus_to_exitcode(os.wait()[1]) != 0 for _ in range(10)))
"""

KILL = """
import os, signal, sys, time
from pathlib import Path
import mlflow.store.tracking.sqlalchemy_store
from winnow.tracker.mlflow import MLflow

for delay in (0.1, 0.3, 0.5, 0.8):
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


def test_ten_processes_may_start_at_once_on_nothing(tmp_path, child):
    result = child(RACE, tmp_path)
    assert result.returncode == 0, result.stderr
    path = tmp_path / "mlflow.db"
    assert query(path, "select count(*), min(status), max(status) from runs") == [
        (10, "FINISHED", "FINISHED")
    ]
    assert query(path, "pragma integrity_check") == [("ok",)]
    assert query(path, "select count(*) from experiments where name = 'winnow'") == [(1,)]


def test_a_kill_during_the_first_creation_leaves_the_next_start_fine(tmp_path, child):
    result = child(KILL, tmp_path)
    assert result.returncode == 0, result.stderr
    assert ".init-" in result.stdout, "no kill hit the building of the schema"
    for path in tmp_path.glob("*/mlflow.db"):
        assert query(path, "pragma integrity_check") == [("ok",)]
    assert len(list(tmp_path.glob("*/mlflow.db"))) == 4
    assert not list(tmp_path.glob("*/*.init-*"))


def test_the_schema_is_the_one_mlflow_builds(template, tmp_path):
    from mlflow import MlflowClient

    MlflowClient(f"sqlite:///{tmp_path}/theirs.db").search_experiments()
    assert schema(template) == schema(tmp_path / "theirs.db")


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
            MLflow().open(state_dir)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database, " * 100)
    with pytest.raises(InvalidValue, match="must be an SQLite database"):
        MLflow().open(tmp_path)


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
            MLflow().open(frozen)
        with pytest.raises(TryLater, match="must be writable"):
            MLflow().open(frozen / "deeper")
    finally:
        if os.geteuid() == 0:
            subprocess.run(["chattr", "-i", frozen], check=True)
    assert time.monotonic() - start < 5
