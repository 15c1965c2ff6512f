"""Create MLflow's SQLite file safely, and find out quickly whether it can be written to.

MLflow builds its tables without a lock: of twenty processes that meet on no database, one survives, and a
`kill -9` halfway leaves a file that no later start can use. Here one process at a time lets MLflow build the
tables in a folder aside, and gives the file its final name last; whoever comes later finds all or nothing.

The file keeps SQLite's ordinary rollback journal. After every write it is whole by itself and can be copied;
with a write-ahead log, what was written last is in a second file beside it.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp

from winnow.errors import InvalidValue, TryLater

PATIENCE = 20  # seconds to wait for another process's write, as long as MLflow itself waits
LOCK_SECONDS = 120.0  # for the slowest step that another process may be at, which is to create the database
_BUILD = (
    "from mlflow import MlflowClient; MlflowClient('sqlite:///mlflow.db').search_experiments(max_results=1)"
)


def check_writable(path: Path) -> None:
    """Refuse at once a database that could not be written to; MLflow would retry for 105 seconds.

    Raises
    ------
    TryLater
        If the folder or file is read-only, the disk full, or another process keeps the file locked.
    InvalidValue
        If the file is not an SQLite database.
    """
    remedy = "free it, or choose another state_dir, and type the same line again"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
        if path.exists():
            with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as connection:
                connection.execute("begin immediate")
                connection.execute("rollback")
    except (OSError, sqlite3.OperationalError) as fault:
        raise TryLater(
            f"tracking store must be writable, got {fault}", where=str(path), remedy=remedy
        ) from fault
    except sqlite3.DatabaseError as fault:
        raise InvalidValue(
            f"tracking store must be an SQLite database, got {fault}",
            where=str(path),
            remedy="move the file aside",
        ) from fault


@contextmanager
def locked(path: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the lock file `path`; the lock dies with its process.

    Raises
    ------
    TryLater
        If it does not come free within `seconds`.
    """
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=seconds)
        lock.acquire()
    except Timeout as fault:
        raise TryLater(
            f"another process has been writing to the tracking store for {seconds:g} seconds",
            where=str(path),
            remedy="wait for it, or end it, and type the same line again",
        ) from fault
    except OSError as fault:
        raise TryLater(f"state_dir must be writable, got {fault}", where=str(path.parent)) from fault
    try:
        yield
    finally:
        lock.release()


def exists(path: Path) -> bool:
    """Tell whether somebody has finished building the database; an empty file is no database."""
    return path.is_file() and path.stat().st_size > 0


def create(path: Path) -> None:
    """Build an empty MLflow database at `path`, where there is none; call it under a lock.

    Raises
    ------
    TryLater
        If the disk is full or fails.
    """
    for leftover in path.parent.glob(f"{path.name}.init-*"):  # we hold the lock: its maker is dead
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        building = Path(mkdtemp(prefix=f"{path.name}.init-", dir=path.parent))
        try:
            built = building / "mlflow.db"
            _build(built)
            with built.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(built, path)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as fault:
        raise TryLater(f"tracking store could not be created: {fault}", where=str(path)) from fault


def without_write_ahead_log(path: Path) -> None:
    """Turn a database of an earlier version into one that is whole by itself, unless others are using it."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("pragma journal_mode = delete")


def _build(path: Path) -> None:
    # In a process of its own, whose working folder is the new one: MLflow leaves its connections open, and
    # understands only some of the characters that a folder's name may have.
    command = [sys.executable, "-c", _BUILD]
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    ended = subprocess.run(
        command,
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
        start_new_session=True,  # Ctrl-C in a terminal stops winnow, which ends its runs in this database
    )
    if ended.returncode or not exists(path):
        # The last line of SQLAlchemy's names a page of its manual.
        lines = [line.strip() for line in ended.stderr.splitlines() if not line.startswith("(Background on")]
        reasons = [line for line in lines if line] or [f"exit code {ended.returncode}"]
        told = [line for line in reasons if "Error" in line.partition(" ")[0]]
        raise OSError((told or reasons)[-1][:300])
