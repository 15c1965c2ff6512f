"""The whole command in processes of its own, as a person starts it."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TINY = ("dataset=digits", "k=20", "seeds=2", "trainer.steps=20", "n_jobs=1")
MARK = "WINNOW_TEST_MARK"


@dataclass
class Command:
    """`python train.py` with one state folder; knows how to start it and what it left behind."""

    folder: Path
    fork_server: Any
    mark: str = field(default_factory=token_hex)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def start(self, *overrides: str, **options: Any) -> subprocess.Popen:
        """Start the command with tiny settings and the given overrides, and do not wait for it."""
        environment = child_environment() | {MARK: self.mark} | options.pop("env", {})
        where = {"cwd": self.folder, "env": environment, "text": True}
        line = [sys.executable, *self.line(*overrides)]
        return subprocess.Popen(line, **where, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def line(self, *overrides: str) -> list[str]:
        """The words after `python`, with tiny settings and the given overrides."""
        flags = [word for word in overrides if word.startswith("-")]
        settings = [*TINY, f"state_dir='{self.state}'", *(word for word in overrides if word not in flags)]
        return [str(ROOT / "train.py"), *flags, *settings]

    def run(
        self, *overrides: str, timeout: float = 200, own_process: bool = False, **options: Any
    ) -> subprocess.CompletedProcess:
        """Run the command to its end: in a copy of a process that has imported the libraries, or in its own.

        With options of a process, such as other variables of the environment, it always has its own.
        """
        if not (own_process or options):
            where = {"cwd": self.folder, "env": child_environment() | {MARK: self.mark}}
            return self.fork_server.run(*self.line(*overrides), **where, timeout=timeout)
        process = self.start(*overrides, **options)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def done(self, *overrides: str, **options: Any) -> subprocess.CompletedProcess:
        """Run the command, which must succeed."""
        ended = self.run(*overrides, **options)
        assert ended.returncode == 0, ended.stderr
        return ended

    def all_rows(self) -> list[dict[str, Any]]:
        """The rows of the latest command: of every job the baseline and the method, on every network."""
        content = json.loads((max((self.state / "runs").iterdir()) / "sweep.json").read_text())
        assert content["format"] == 2
        return content["rows"]

    def rows(self) -> list[dict[str, Any]]:
        """The method of every job of the latest command, on the job's own network."""
        own = (row for row in self.all_rows() if row["network"] == row["options"]["model"])
        return list({row["job"]: row for row in own}.values())

    def accuracies(self, network: str = "lenet5") -> dict[tuple[str, int], list[float]]:
        """Accuracies of the latest command by selector and k, those of the baselines among them."""
        rows = (row for row in self.all_rows() if row["network"] == network)
        return {(row["selector"], row["k"]): row["accuracies"] for row in rows}

    def tracked(self) -> list[dict[str, str]]:
        """Every run in the store: its status, tags and params."""
        return tracked(self.state / "mlflow.db")

    def entries(self, kind: str = "*") -> dict[str, int]:
        """Entries of the cache with the time of their writing."""
        found = (self.state / "cache").glob(f"{kind}/*/*/entry.json")
        return {path.parent.name: path.stat().st_mtime_ns for path in found}

    def kept(self) -> set[str]:
        """Checksums of the kept rows of all repetitions of all runs."""
        return {json.loads(path.read_text())["sha256"] for path in self.state.glob("runs/*/kept/*/*.json")}

    def temporary(self) -> list[Path]:
        """What no command may leave behind."""
        return [path for path in self.state.rglob("*") if ".tmp-" in path.name or ".init-" in path.name]

    def wait_for(self, pattern: str, seconds: float = 300) -> Path:
        """Wait for a file below the state folder."""
        deadline = time.monotonic() + seconds
        while not (found := sorted(self.state.glob(pattern))):
            assert time.monotonic() < deadline, f"no {pattern} after {seconds} s"
            time.sleep(0.02)
        return found[0]

    def alive(self) -> list[int]:
        """Process ids of everything this command started that still runs."""
        mark = f"{MARK}={self.mark}".encode()
        return [pid for pid in processes() if mark in environment_of(pid)]

    def end(self) -> None:
        """Kill what still runs."""
        for pid in self.alive():
            os.kill(pid, signal.SIGKILL)

    def elsewhere(self, folder: Path) -> "Command":
        """The command in another folder."""
        return Command(folder, self.fork_server)

    def copy_to(self, folder: Path) -> "Command":
        """The same state in another folder."""
        copied = self.elsewhere(folder)
        shutil.copytree(self.state, copied.state)
        return copied


def child_environment() -> dict[str, str]:
    """The environment of the tests without what pytest adds, which changes what MLflow does."""
    theirs = ("PYTEST_", "WINNOW_", "MLFLOW_", "HYDRA_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    return own | {"PYTHONPATH": str(ROOT / "src"), "OMP_WAIT_POLICY": "PASSIVE", "COLUMNS": "120"}


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def environment_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()  # empty for a zombie
    except OSError:
        return b""


def tracked(database: Path) -> list[dict[str, str]]:
    statement = """
        select run_uuid, 'status', status from runs
        union all select run_uuid, key, value from tags
        union all select run_uuid, key, value from params"""
    runs: dict[str, dict[str, str]] = {}
    with closing(sqlite3.connect(database)) as connection:
        for run_id, name, value in connection.execute(statement):
            runs.setdefault(run_id, {})[name] = value
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    return list(runs.values())


@pytest.fixture(scope="session")
def empty_store(empty_database) -> Path:
    """A state folder with an empty MLflow database."""
    return empty_database.parent


@pytest.fixture
def bare(tmp_path, fork_server) -> Iterator[Command]:
    """The command where nothing was ever run."""
    made = Command(tmp_path, fork_server)
    yield made
    made.end()


@pytest.fixture
def command(empty_store, tmp_path, fork_server) -> Iterator[Command]:
    """The command with an empty tracking store."""
    shutil.copytree(empty_store, tmp_path / "state")
    made = Command(tmp_path, fork_server)
    yield made
    made.end()


@pytest.fixture(scope="session")
def reference(made_once, empty_store, fork_server) -> Command:
    """A finished sweep that was never disturbed, in a folder with an awkward name; only to be read."""

    def make(folder: Path) -> None:
        shutil.copytree(empty_store, folder / "state")
        Command(folder, fork_server).done("-m", "selector=nearest,random", own_process=True)

    return Command(made_once("a b é 日本, x=1", make), fork_server)


@pytest.fixture
def finished(reference, tmp_path) -> Iterator[Command]:
    """The command where `-m selector=nearest,random` has been run to its end."""
    copied = reference.copy_to(tmp_path)
    yield copied
    copied.end()


@pytest.fixture(scope="session")
def odd_sizes(made_once, fork_server) -> Command:
    """One row, one row more than a batch, and all rows, through a network with batch normalisation."""

    def make(folder: Path) -> None:
        tiny = ("model=lenet5_batchnorm", "trainer.batch_size=8", "seeds=1", "tracker=none")
        Command(folder, fork_server).done("-m", "selector=nearest,uniform,full", "k=1,9", *tiny)

    return Command(made_once("odd-sizes", make), fork_server)
