import json
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from winnow.errors import InvalidValue, WinnowWarning
from winnow.tracker import _database as database
from winnow.tracker._unsent import runs
from winnow.tracker.mlflow import MLflow
from winnow.types import Dataset

SMALL = Dataset(
    "small", np.zeros((2, 1), "f4"), np.int64([0, 1]), np.zeros((1, 1), "f4"), np.int64([0]), ("a", "b")
)


def log(store, key: str) -> None:
    with store.run(f"run {key}", key=key, params={"k": 3}, tags={}) as run:
        run.text(f"of {key}", "note.txt")
        run.dataset(SMALL, {"dataset": "small"})
        run.note(f"**{key}**")
        run.metrics({"test_acc": 90.0}, 0)
        run.metrics({"test_acc_median": 95.0})


def in_database(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("select name, artifact_uri from runs").fetchall())


def counts(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        tables = ("runs", "metrics", "params", "latest_metrics", "datasets", "inputs", "input_tags")
        return [connection.execute(f"select count(*) from {table}").fetchone()[0] for table in tables]


def test_a_locked_database_delays_runs_and_loses_none(store, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    log(store, "before")
    with closing(sqlite3.connect(store.state_dir / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.warns(WinnowWarning, match="database is locked") as caught:
            log(store, "first")
            log(store, "second")
        assert len(caught) == 1
        assert store.send().exit_code == 75
        assert store.finished("first")
        other.execute("rollback")
    assert store.send() is None
    assert in_database(store.state_dir / "mlflow.db").keys() == {"run before", "run first", "run second"}
    assert list(runs(store.state_dir / "unsent")) == []
    notes = (store.state_dir / "artifacts").glob("*/artifacts/note.txt")
    assert sorted(path.read_text() for path in notes) == ["of before", "of first", "of second"]


@pytest.mark.parametrize("call", ["create_run", "log_batch", "log_inputs", "set_tag", "set_terminated"])
def test_an_answer_that_is_lost_doubles_nothing(store, monkeypatch, call):
    log(store, "first")
    original, lost = getattr(MlflowClient, call), []

    def unanswered(self, *arguments, **named):
        answer = original(self, *arguments, **named)
        if not lost:
            lost.append(call)
            raise MlflowException("connection reset by peer")  # an internal error: worth another attempt
        return answer

    monkeypatch.setattr(MlflowClient, call, unanswered)
    with pytest.warns(WinnowWarning, match="connection reset"), pytest.raises(ValueError, match="no"):  # noqa: SIM117
        with store.run("run second", key="second", params={"k": 3}, tags={}) as run:
            run.dataset(SMALL, {"dataset": "small"})
            run.metrics({"test_acc": 90.0}, 0)
            run.metrics({"test_acc_median": 95.0})
            raise ValueError("no")
    assert lost == [call]
    assert store.send() is None
    assert counts(store.state_dir / "mlflow.db") == [2, 4, 2, 4, 1, 2, 2]


def test_a_run_that_is_refused_for_good_is_set_aside_and_stops_no_other(store, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    with closing(sqlite3.connect(store.state_dir / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.warns(WinnowWarning, match="sent later"):
            with store.run("refused", key="refused", params={}, tags={}) as run:
                run.metrics({"no such * name": 1.0, "test_acc_median": 95.0})
            log(store, "good")
    with pytest.warns(WinnowWarning, match="run 'refused' is kept in .*refused"):
        assert store.send() is None
    assert "run good" in in_database(store.state_dir / "mlflow.db")
    assert len(list((store.state_dir / "refused").iterdir())) == 1
    assert store.send() is None


def test_another_store_does_not_get_what_is_kept_for_one(store, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    with closing(sqlite3.connect(store.state_dir / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.warns(WinnowWarning):
            log(store, "kept")
    assert MLflow(experiment="another").open(store.state_dir).send() is None
    assert len(list(runs(store.state_dir / "unsent"))) == 1


def test_a_store_that_was_unreachable_is_left_alone_for_a_while(store, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.5)
    with closing(sqlite3.connect(store.state_dir / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.warns(WinnowWarning):
            log(store, "first")
        start = time.monotonic()
        for number in range(10):
            log(store, str(number))
        assert time.monotonic() - start < 2  # not ten times the patience


@pytest.mark.parametrize("move", [shutil.move, shutil.copytree], ids=["moved", "copied"])
def test_a_moved_or_copied_state_folder_is_whole_by_itself(store, tmp_path_factory, child, move):
    log(store, "first")
    new = tmp_path_factory.mktemp("new") / "archive"
    move(store.state_dir, new)
    original = contents(store.state_dir)
    there = MLflow().open(new)
    there.check()
    there.reap()
    assert there.finished("first") == store.finished("first") or original == {}
    log(there, "second")
    assert contents(store.state_dir) == original
    found = in_database(new / "mlflow.db")
    assert found.keys() == {"run first", "run second"}
    for name, uri in found.items():
        folder = new / "artifacts" / uri.removeprefix("mlflow-artifacts:/")
        assert (folder / "note.txt").read_text() == f"of {name.removeprefix('run ')}"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "name", ["a b", "100%41", "what?", "#1", "é日", "it's", 'say "x"', "a&b=c;d", "x\\y"]
)
def test_any_name_of_a_state_folder_works(empty_database, tmp_path, name):
    state_dir = tmp_path / name / "state"
    state_dir.mkdir(parents=True)
    shutil.copy(empty_database, state_dir / "mlflow.db")
    store = MLflow().open(state_dir)
    store.check()
    log(store, "first")
    assert in_database(state_dir / "mlflow.db").keys() == {"run first"}
    assert (state_dir / "artifacts" / store.finished("first") / "artifacts" / "note.txt").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_experiment_of_an_earlier_version_is_renamed_and_its_folder_left_alone(
    state_dir, tmp_path_factory
):
    old = tmp_path_factory.mktemp("old")
    client = MlflowClient(f"sqlite:///{state_dir / 'mlflow.db'}")
    number = client.create_experiment("winnow", artifact_location=old.as_uri())
    client.create_run(number, run_name="old")
    store = MLflow().open(state_dir)
    with pytest.warns(WinnowWarning, match="of an earlier version"):
        log(store, "new")
    assert client.get_experiment(number).name == f"winnow ({number})"
    assert list(old.iterdir()) == []
    assert in_database(state_dir / "mlflow.db")["run new"].startswith("mlflow-artifacts:/")


def test_an_experiment_in_somebody_elses_database_is_never_renamed(state_dir, tmp_path):
    client = MlflowClient(f"sqlite:///{state_dir / 'mlflow.db'}")
    client.create_experiment("theirs", artifact_location=tmp_path.as_uri())
    elsewhere = MLflow(uri=f"sqlite:///{state_dir / 'mlflow.db'}", experiment="theirs").open(tmp_path / "own")
    with pytest.raises(InvalidValue, match=r"must not keep its files in a fixed folder.*tracker\.experiment"):
        log(elsewhere, "first")
    assert client.get_experiment_by_name("theirs")


def test_a_database_may_lie_outside_the_state_folder(empty_database, tmp_path):
    shutil.copy(empty_database, tmp_path / "other.db")
    store = MLflow(uri=f"sqlite:///{tmp_path / 'other.db'}").open(tmp_path / "state")
    log(store, "first")
    assert in_database(tmp_path / "other.db").keys() == {"run first"}
    assert len(list((tmp_path / "state" / "artifacts").glob("*/artifacts/note.txt"))) == 1


def test_no_password_is_written_anywhere(tmp_path):
    store = MLflow(uri="http://me:secret@127.0.0.1:9").open(tmp_path)
    with pytest.warns(WinnowWarning, match="unreachable") as caught:
        log(store, "first")
    assert "secret" not in str(caught[0].message) + str(store.send())
    assert not [
        path for path, content in contents(tmp_path).items() if b"secret" in content or b"me:" in content
    ]


def test_a_clock_that_is_set_back_gives_no_negative_duration(store, monkeypatch):
    real = time.time
    with store.run("run", key="a", params={}, tags={}) as run:
        run.metrics({"test_acc_median": 95.0})
        monkeypatch.setattr(time, "time", lambda: real() - 3600)
    monkeypatch.undo()
    with closing(sqlite3.connect(store.state_dir / "mlflow.db")) as connection:
        ((start, end),) = connection.execute("select start_time, end_time from runs").fetchall()
    assert end >= start


def planted(store, **changes) -> Path:
    """A finished run as a stranger may put it into a state folder; `changes` replaces its files."""
    folder = store.state_dir / "unsent" / "theirs"
    (folder / "files").mkdir(parents=True)
    about = {"name": "theirs", "key": "theirs", "parent": "", "is_parent": False, "uri": "mlflow.db"}
    about |= {"experiment": "winnow", "tags": {}, "process": {}, "start": 1}
    (folder / "run.json").write_text(json.dumps(about | changes.pop("about", {})))
    lines = changes.pop("lines", [])
    (folder / "lines.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in [*lines, ENDED]))
    for name, content in changes.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


ENDED = {"status": "FINISHED", "error": "", "time": 2}


@pytest.mark.parametrize("name", ["../../../victim", "/etc/hostname", "a/../../../../victim", "link"])
def test_a_file_outside_the_folder_of_a_run_is_neither_read_nor_written(store, name):
    victim = store.state_dir / "victim"
    victim.write_text("mine")
    folder = planted(store, lines=[{"file": name}])
    (folder / "files" / "link").symlink_to(victim)
    with pytest.warns(WinnowWarning, match="artifact must lie below the folder of its run"):
        assert store.send() is None
    assert victim.read_text() == "mine"
    assert not list((store.state_dir / "artifacts").rglob("*victim*"))
    assert [path.name for path in (store.state_dir / "refused").iterdir()] == ["theirs"]


def test_a_run_does_not_write_where_a_link_in_the_place_of_its_artifacts_leads(store, tmp_path):
    log(store, "first")
    (artifacts,) = (store.state_dir / "artifacts").glob("*/artifacts")
    (tmp_path / "victims").mkdir()
    (artifacts / "deeper").symlink_to(tmp_path / "victims")
    sent = {"run_id": store.finished("first"), "artifact_uri": f"mlflow-artifacts:/{artifacts.parent.name}"}
    folder = planted(store, lines=[{"file": "artifacts/deeper/x"}], sent=sent)
    (folder / "files" / "artifacts" / "deeper").mkdir(parents=True)
    (folder / "files" / "artifacts" / "deeper" / "x").write_text("theirs")
    with pytest.warns(WinnowWarning, match="artifact must lie below"):
        assert store.send() is None
    assert list((tmp_path / "victims").iterdir()) == []


def test_a_database_that_names_another_folder_gets_no_artifacts_put_there(store, tmp_path):
    log(store, "first")
    with closing(sqlite3.connect(store.state_dir / "mlflow.db")) as connection, connection:
        connection.execute("update runs set artifact_uri = ?", [f"file://{tmp_path}/victims"])
    folder = planted(store, lines=[{"file": "note"}], sent={"run_id": store.finished("first")})
    (folder / "files" / "note").write_text("theirs")
    with pytest.warns(WinnowWarning, match="artifacts of a run must lie below the state folder"):
        assert store.send() is None
    assert not (tmp_path / "victims").exists()


BROKEN = {
    "no name": {"about": {"name": 3}},
    "no start": {"about": {"start": "yesterday"}},
    "no mapping": {"run": [1]},
    "unknown line": {"lines": [{"command": "touch x"}]},
    "wrong value": {"lines": [{"metrics": [["loss", "first", {}]], "time": 1}]},
    "empty line": {"lines": [{}]},
    "no profile": {"lines": [{"dataset": {"name": "small", "sha256": "00", "source": {}}}]},
    "wrong tag": {"lines": [{"tags": {"note": 3}}]},
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_no_run_is_set_aside_and_stops_no_other(store, fault):
    planted(store, **BROKEN[fault])
    with pytest.warns(WinnowWarning, match="a kept run must be as winnow wrote it"):
        assert store.reap() == 0
    assert not (store.state_dir / "unsent" / "theirs").exists()
    log(store, "first")
    assert in_database(store.state_dir / "mlflow.db").keys() == {"run first"}


def test_a_pipe_in_the_place_of_a_run_is_not_waited_for(store):
    folder = planted(store)
    for name in ("run.json", "lines.jsonl"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    with pytest.warns(WinnowWarning, match="got run.json: a pipe"):
        assert store.send() is None
