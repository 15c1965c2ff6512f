import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest
from mlflow import MlflowClient

from winnow.errors import InvalidValue, WinnowWarning
from winnow.tracker._server import check_server, free_port, ui_command
from winnow.tracker.mlflow import MLflow

SCRIPTS = Path(__file__).parents[2] / "scripts"


def without_pytest() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def start_ui(state_dir: Path, port: int | None = None) -> tuple[subprocess.Popen, str]:
    server = subprocess.Popen(
        [sys.executable, SCRIPTS / "ui.py", f"state_dir={state_dir}", f"port={port or free_port(5600)}"],
        env=without_pytest(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    address = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())[0]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urlopen(f"{address}/health", timeout=2).close()
        except URLError:
            time.sleep(0.2)
        else:
            return server, address
    raise TimeoutError(f"no answer from {address}")


def stop(server: subprocess.Popen) -> None:
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    server.stdout.close()


def test_the_server_listens_on_this_machine_only_and_with_one_worker():
    command = ui_command(5001)
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "5001"
    assert command[command.index("-w") + 1] == "1"


def test_a_taken_port_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_an_unknown_setting_is_a_usage_error():
    result = subprocess.run(
        [sys.executable, SCRIPTS / "reap.py", "state=here"], capture_output=True, text=True
    )
    assert result.returncode == 2
    assert result.stderr == "error: unknown setting state | try state_dir=state uri=\n"


def test_reaping_an_empty_folder_reaps_nothing(tmp_path):
    command = [sys.executable, SCRIPTS / "reap.py", f"state_dir={tmp_path}"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "0 runs reaped\n"


class Guarded(BaseHTTPRequestHandler):
    """A server that lets in the user `me` with the password `s3:cr@t`."""

    def do_GET(self) -> None:
        login = b64encode(b"me:s3:cr@t").decode()
        self.send_response(200 if self.headers.get("Authorization") == f"Basic {login}" else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_user_and_password_in_an_address_are_used_and_not_shown():
    with HTTPServer(("127.0.0.1", 0), Guarded) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        host = f"127.0.0.1:{server.server_port}"
        check_server(f"http://me:s3%3Acr%40t@{host}")
        with pytest.raises(InvalidValue, match="must accept user and password, got 401") as caught:
            check_server(f"http://me:wrong@{host}/")
        server.shutdown()
    assert caught.value.where == f"http://{host}/"


def log(store, key: str, parent: str = "") -> None:
    with store.run(key, key=key, params={"k": 3}, tags={}, parent=parent) as run:
        run.text(f"of {key}", "kept/note.txt")
        run.metrics({"test_acc": 91.0}, 0)
        run.curve("loss", np.float32([1, 0.5]))
        run.metrics({"test_acc_median": 95.0})


def runs_of(address: str, experiment: str) -> dict:
    client = MlflowClient(address)
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return {run.info.run_name: run for run in found}


@pytest.mark.slow
def test_a_server_shows_local_runs_takes_new_ones_and_may_die(empty_database, tmp_path):
    state_dir, own = tmp_path / "100% é #1?x='2'", tmp_path / "own"
    state_dir.mkdir()
    shutil.copy(empty_database, state_dir / "mlflow.db")
    log(MLflow().open(state_dir), "local")
    server, address = start_ui(state_dir)
    try:
        local = runs_of(address, "winnow")["local"]
        with urlopen(f"{address}/get-artifact?run_uuid={local.info.run_id}&path=kept/note.txt") as reply:
            assert reply.read() == b"of local"

        remote = MLflow(uri=address, experiment="remote").open(own)
        remote.check()
        parent = remote.parent("s", "sweep s")
        log(remote, "before", parent)
        with pytest.warns(WinnowWarning, match="kept in .*unsent and sent later") as caught:
            with remote.run("during", key="during", params={"k": 1}, tags={}, parent=parent) as run:
                run.text("of during", "kept/note.txt")
                stop(server)
                run.metrics({"test_acc": 90.0}, 0)
                time.sleep(1.1)
                run.metrics({"test_acc_median": 90.5}, 1)
            log(remote, "after", parent)
            with pytest.raises(ValueError, match="no"), remote.run("bad", key="bad", params={}, tags={}):
                raise ValueError("no")
            remote.close_parent(parent, "FAILED")
        assert len(caught) == 1
        start = time.monotonic()
        fault = remote.send()
        assert time.monotonic() - start < 15
        assert fault.exit_code == 75
        assert fault.what.startswith(f"4 runs are kept in {own / 'unsent'}: tracking store unreachable")
        assert {key: bool(remote.finished(key)) for key in ("before", "during", "after", "bad")} == {
            "before": True,
            "during": True,
            "after": True,
            "bad": False,
        }
        flushed = flush(own)
        assert flushed.returncode == 75
        assert flushed.stderr.startswith("error: 4 runs are kept in")

        server, _ = start_ui(state_dir, int(address.rpartition(":")[2]))
        for _ in range(2):  # sending again doubles nothing
            flushed = flush(own)
            assert (flushed.returncode, flushed.stdout) == (0, "everything is sent\n")
        assert remote.send() is None
        runs = runs_of(address, "remote")
        assert {name: run.info.status for name, run in runs.items()} == {
            "sweep s": "FAILED",
            "before": "FINISHED",
            "during": "FINISHED",
            "after": "FINISHED",
            "bad": "FAILED",
        }
        assert remote.finished("during") == runs["during"].info.run_id
        assert runs["bad"].data.tags["error"] == "ValueError: no"
        assert runs["during"].data.metrics == {"test_acc": 90.0, "test_acc_median": 90.5}
        assert runs["after"].data.tags["mlflow.parentRunId"] == runs["sweep s"].info.run_id
        client = MlflowClient(address)
        assert len(client.get_metric_history(runs["after"].info.run_id, "loss")) == 2
        assert [file.path for file in client.list_artifacts(runs["during"].info.run_id, "kept")] == [
            "kept/note.txt"
        ]
    finally:
        if server.poll() is None:
            stop(server)


def flush(state_dir: Path) -> subprocess.CompletedProcess:
    line = [sys.executable, SCRIPTS / "flush.py", f"state_dir={state_dir}"]
    return subprocess.run(line, env=without_pytest(), capture_output=True, text=True, timeout=120)
