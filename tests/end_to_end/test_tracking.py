"""A tracking server that goes away in the middle of a sweep delays its runs and takes nothing with it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from winnow.tracker._server import free_port

pytestmark = pytest.mark.slow

UI = Path(__file__).parents[2] / "scripts" / "ui.py"
SWEEP = ("-m", "selector=uniform,random", "k=20,30,40", "seeds=1")


@pytest.fixture
def server(empty_store, tmp_path_factory):
    """A tracking server with a store of its own, which can be killed and started again."""
    folder = tmp_path_factory.mktemp("served") / "state"
    shutil.copytree(empty_store, folder)
    made = Server(folder, free_port(5700))
    made.start()
    yield made
    made.kill()


class Server:
    def __init__(self, state, port):
        self.state, self.port, self.process = state, port, None

    def start(self):
        line = [sys.executable, UI, f"state_dir={self.state}", f"port={self.port}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        self.process = subprocess.Popen(line, env=environment, start_new_session=True, **output)
        self.address = re.search(r"http://127\.0\.0\.1:\d+", self.process.stdout.readline())[0]
        deadline = time.monotonic() + 120
        while not self.answers():
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def answers(self):
        try:
            urlopen(f"{self.address}/health", timeout=2).close()
        except (URLError, TimeoutError):
            return False
        return True

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def test_a_server_that_dies_in_the_middle_of_a_sweep_stops_no_training(bare, server):
    line = (*SWEEP, f"tracker.uri={server.address}")
    process = bare.start(*line)
    bare.wait_for("runs/*/job-1.json", seconds=200)
    server.kill()
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 75, stderr
    assert "Traceback" not in stderr
    assert stderr.count("warning: what is logged is kept in") == 1
    assert re.search(r"^error: \d runs? (is|are) kept in .*unsent: tracking store unreachable", stderr, re.M)
    assert [row["status"] for row in bare.rows()] == ["ok"] * 6
    trained = bare.entries("trained")

    server.start()
    bare.done(*line)
    assert [row["status"] for row in bare.rows()] == ["cached"] * 6
    assert bare.entries("trained") == trained
    assert not list((bare.state / "unsent").glob("*/"))
    runs = bare.elsewhere(server.state.parent).tracked()
    keys = [run["winnow.key"] for run in runs if "winnow.key" in run]
    assert len(keys) == len(set(keys)) == 6  # a job of `uniform` is its own baseline, and that of `random`
    assert {run["status"] for run in runs if "winnow.key" in run} == {"FINISHED"}
