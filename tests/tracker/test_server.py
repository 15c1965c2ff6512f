import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from winnow.errors import TryLater, WinnowWarning
from winnow.tracker._server import free_port, ui_command
from winnow.tracker.mlflow import MLflow, Store

SCRIPTS = Path(__file__).parents[2] / "scripts"


def start_ui(state_dir: Path) -> tuple[subprocess.Popen, str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    server = subprocess.Popen(
        [sys.executable, SCRIPTS / "ui.py", f"state_dir={state_dir}", f"port={free_port(5600)}"],
        env=environment,
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


def outlive(server: subprocess.Popen, store: Store) -> None:
    with store.run("orphan", key="orphan", params={}, tags={}) as run:
        stop(server)
        run.metrics({"test_acc": 90.0}, 0)
        run.metrics({"test_acc": 91.0, "test_acc_median": 90.5}, 1)


def test_the_server_listens_on_this_machine_only_and_with_one_worker(tmp_path):
    command = ui_command(tmp_path, 5001)
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
    assert result.stderr == "error: unknown setting state | try state_dir=state\n"


def test_reaping_an_empty_folder_reaps_nothing(tmp_path):
    command = [sys.executable, SCRIPTS / "reap.py", f"state_dir={tmp_path}"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "0 runs reaped\n"


@pytest.mark.slow
def test_a_server_shows_local_runs_takes_new_ones_and_may_die(store, tmp_path):
    with store.run("local", key="local", params={}, tags={}) as local:
        local.text("written without a server", "note.txt")
        local.metrics({"test_acc_median": 95.0})
    server, address = start_ui(store.state_dir)
    try:
        with urlopen(f"{address}/get-artifact?run_uuid={local.id}&path=note.txt", timeout=20) as reply:
            assert reply.read() == b"written without a server"

        remote = MLflow(uri=address, experiment="remote").open(tmp_path)
        with remote.run("remote", key="remote", params={"k": 3}, tags={}) as run:
            run.text("written through the server", "note.txt")
            run.metrics({"test_acc_median": 95.0})
        assert remote.finished("remote") == run.id
        assert remote.finished("local") is None
        assert remote.parent("s", "name") == remote.parent("s", "name")
        with pytest.raises(ValueError, match="no"), remote.run("bad", key="bad", params={}, tags={}) as bad:
            raise ValueError("no")
        assert remote._client.get_run(bad.id).info.status == "FAILED"

        start = time.monotonic()
        with pytest.warns(WinnowWarning) as caught, pytest.raises(TryLater, match="unreachable"):
            outlive(server, remote)
        assert time.monotonic() - start < 30
        first, last = (str(warning.message) for warning in caught)
        assert first.startswith("numbers are kept until the run ends")
        assert "could not be marked FAILED" in last
    finally:
        if server.poll() is None:
            stop(server)
