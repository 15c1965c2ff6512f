"""Runs in a real PostgreSQL, where its programs and a driver are installed; else skipped with the reason."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from mlflow import MlflowClient

from winnow.errors import InvalidValue
from winnow.tracker._server import free_port
from winnow.tracker.mlflow import MLflow

pytestmark = pytest.mark.slow

OWNER = "postgres"  # PostgreSQL refuses to run as root
PASSWORD = "geheim"


def program(name: str) -> str | None:
    """The path of a program, which Debian keeps in a folder for each version."""
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))


def missing() -> str:
    """Why there can be no PostgreSQL here, or nothing."""
    absent = [name for name in ("initdb", "pg_ctl") if not program(name)]
    absent += ["psycopg"] if find_spec("psycopg") is None else []
    if absent:
        return f"needs {', '.join(absent)}"
    return "" if os.geteuid() == 0 else "needs root, to become the user postgres"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Host and port of a server with an empty database, where `postgres` logs in with a password."""
    if reason := missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="winnow-pg-") as name:  # a short path that its user may enter
        folder, port = Path(name), free_port(55000)
        (folder / "password").write_text(PASSWORD)
        for path in (folder, folder / "password"):
            shutil.chown(path, OWNER)

        def done(*line: str) -> None:
            log = (folder / "log").open("a")  # a file, not a pipe, which the server would keep open
            with closing(log):
                subprocess.run(
                    line, user=OWNER, cwd=folder, stdout=log, stderr=log, check=True, timeout=120, env={}
                )

        def control(*words: str) -> None:
            done(str(program("pg_ctl")), "--pgdata=data", "--wait", *words)

        made = (
            "--pgdata=data",
            "--auth=scram-sha-256",
            f"--username={OWNER}",
            "--pwfile=password",
            "--encoding=UTF8",
        )
        done(str(program("initdb")), *made, "--no-sync")
        control("start", f"--options=-p {port} -k {folder} -c listen_addresses=127.0.0.1")
        try:
            yield f"127.0.0.1:{port}"
        finally:
            control("stop", "--mode=immediate")


@pytest.mark.parametrize(
    ("login", "database"), [(f"{OWNER}:falsch", OWNER), (f"{OWNER}:{PASSWORD}", "nowhere")]
)
def test_a_wrong_password_or_database_is_refused_at_once(server, tmp_path, login, database):
    with pytest.raises(InvalidValue, match="the tracking store refused") as caught:
        MLflow(f"postgresql://{login}@{server}/{database}").open(tmp_path).check()
    assert not {"falsch", PASSWORD} & set(str(caught.value).replace("@", ":").split(":"))
    assert caught.value.remedy == "correct user, password and database"


def test_a_run_is_in_the_database_once_and_whole_with_its_files_in_the_state_folder(server, tmp_path):
    uri = f"postgresql://{OWNER}:{PASSWORD}@{server}/{OWNER}"
    for _ in range(2):
        store = MLflow(uri).open(tmp_path)
        store.check()
        if store.finished("key") is None:
            with store.run("name", key="key", params={"k": 3}, tags={}) as run:
                run.metrics({"test_acc_median": 95.0})
                run.text("hello", "note.txt")
        assert store.send() is None
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("winnow")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert (run.data.params, run.data.metrics) == ({"k": "3"}, {"test_acc_median": 95.0})
    assert [path.name for path in tmp_path.glob("artifacts/**/*.txt")] == ["note.txt"]
    assert PASSWORD not in "".join(
        path.read_text(errors="ignore") for path in tmp_path.rglob("*") if path.is_file()
    )
