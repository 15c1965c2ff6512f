"""Whole commands inside this process, which cost a fraction of those in processes of their own."""

import os
import shutil
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from winnow.command.configuration import composed
from winnow.command.messages import in_own_words
from winnow.command.multirun import combinations
from winnow.command.plan import Plan
from winnow.command.sweep import Sweep
from winnow.errors import WinnowWarning, exit_code, explain
from winnow.report.history import of_command
from winnow.report.rows import Row

ROOT = Path(__file__).parents[2]
TINY = ("dataset=digits", "model=mlp", "k=20", "seeds=1", "trainer.steps=2", "n_jobs=1")


@dataclass
class Ended:
    """What a command left: how it ended, what it warned of, and its rows (of each job the method's own)."""

    error: BaseException | None
    warned: list[str]
    all_rows: list[Row]

    @property
    def code(self) -> int:
        return exit_code(self.error)

    @property
    def said(self) -> str:
        """The last line of the command, or nothing."""
        return explain(self.error) if self.error else ""

    @property
    def rows(self) -> list[Row]:
        return list({row.job: row for row in reversed(self.all_rows)}.values())[::-1]

    @property
    def statuses(self) -> list[str]:
        return [row.status for row in self.rows]


@dataclass
class Command:
    """Commands that share one state folder."""

    folder: Path
    settings: tuple[str, ...] = TINY
    tracker: str = "none"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def plans(self, *words: str) -> list[Plan]:
        """Compose and check every job of a command line."""
        line = [*self.settings, f"state_dir='{self.state}'", f"tracker={self.tracker}", *words]
        return [composed(ROOT / "conf", job) for job in combinations(line)]

    def run(self, *words: str) -> Ended:
        """Run a command line to its end."""
        error: BaseException | None = None
        before = set(self.commands())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", WinnowWarning)
            try:
                Sweep.begin(self.plans(*words), " ".join(words)).run()
            except BaseException as fault:
                error = in_own_words(fault)
        own = [folder for folder in self.commands() if folder not in before]
        rows = of_command(own[0]).rows if own else []
        return Ended(error, [str(each.message) for each in caught], rows)

    def done(self, *words: str) -> Ended:
        """Run a command line that must succeed."""
        ended = self.run(*words)
        assert ended.error is None, ended.said
        return ended

    def refusal(self, *words: str) -> str:
        """Return what is said about a line that must be refused before there is anything to begin."""
        error: BaseException | None = None
        try:
            self.plans(*words)
        except Exception as fault:
            error = in_own_words(fault)
        assert exit_code(error) == 1
        assert not self.state.exists()
        return explain(error)

    def commands(self) -> list[Path]:
        """The folders of all commands."""
        return sorted((self.state / "runs").glob("*"))

    def entries(self, kind: str = "*") -> dict[str, int]:
        """Entries of the cache with the time of their writing."""
        found = (self.state / "cache").glob(f"{kind}/*/*/entry.json")
        return {path.parent.name: path.stat().st_mtime_ns for path in found}

    def runs(self) -> list[dict[str, Any]]:
        """Every run in the database: its columns and tags."""
        return _runs(self.state)


def _runs(state: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(state / "mlflow.db")) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute("select * from runs order by start_time")]
        for run in found:
            which = (run["run_uuid"],)
            run |= dict(connection.execute("select key, value from tags where run_uuid = ?", which))
    return found


@pytest.fixture(scope="session")
def runs_of() -> Callable[[Path], list[dict[str, Any]]]:
    """Read every run of a state folder's database: its columns and tags."""
    return _runs


@pytest.fixture
def command(tmp_path) -> Command:
    """Commands where nothing was ever run, without a tracker."""
    return Command(tmp_path)


@pytest.fixture
def tracked(empty_database, tmp_path) -> Command:
    """Commands whose runs go to an empty MLflow database."""
    (tmp_path / "state").mkdir()
    shutil.copy(empty_database, tmp_path / "state" / "mlflow.db")
    return Command(tmp_path, tracker="mlflow")


@pytest.fixture
def table(tmp_path) -> Callable[..., tuple[str, ...]]:
    """Write a table of 60 rows in two columns; return the words that choose it."""

    def write(change: Callable[[list], None] = lambda rows: None, labels: str = "xyz") -> tuple[str, ...]:
        rows = [[row % 7 + row / 100, row % 5, labels[row % len(labels)]] for row in range(60)]
        change(rows)
        lines = [",".join(map(str, row)) for row in [["a", "b", "label"], *rows]]
        (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
        return "dataset=csv", f"dataset.file='{tmp_path / 'table.csv'}'", "dataset.label=label", "k=5"

    return write


@pytest.fixture(scope="session")
def child_environment() -> dict[str, str]:
    """The environment without what pytest adds, which changes what MLflow does."""
    theirs = ("PYTEST_", "WINNOW_", "MLFLOW_", "HYDRA_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    return own | {"PYTHONPATH": str(ROOT / "src"), "OMP_WAIT_POLICY": "PASSIVE", "COLUMNS": "120"}


@pytest.fixture
def python(child_environment) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start Python in processes of their own, of which none outlives the test."""
    started = []

    def start(*words: object, **options: Any) -> subprocess.Popen:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        environment = child_environment | options.pop("env", {})
        line = [sys.executable, *map(str, words)]
        started.append(subprocess.Popen(line, env=environment, **(pipes | options)))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=30)


@pytest.fixture
def train(python, tmp_path) -> Callable[..., subprocess.Popen]:
    """Start `python train.py` with tiny settings and a state folder of its own."""

    def start(*words: str, **options: Any) -> subprocess.Popen:
        flags = [word for word in words if word.startswith("-")]
        settings = (*TINY, "tracker=none", f"state_dir='{tmp_path / 'state'}'")
        rest = [word for word in words if word not in flags]
        return python(ROOT / "train.py", *flags, *settings, *rest, cwd=tmp_path, **options)

    return start
