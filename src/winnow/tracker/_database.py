"""Create MLflow's SQLite file safely, and read it without MLflow.

MLflow builds its schema without a lock: of twenty processes that meet on no database, one survives, and a
`kill -9` halfway through leaves a file that no later start can use. Here one process at a time builds the
schema under another name and gives the file its final name last; whoever comes later finds all or nothing.
The two look-ups every start needs are plain SQL, because importing MLflow takes seconds.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from winnow.errors import InvalidValue, TryLater

PATIENCE = 20  # seconds to wait for another process's write, as long as MLflow itself waits
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "ceph", "fuse.sshfs"}


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
def locked(state_dir: Path) -> Iterator[None]:
    """Hold the lock on creating things in the store of `state_dir`; it dies with its process."""
    from filelock import FileLock, Timeout

    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(state_dir / "mlflow.lock", timeout=120)
        lock.acquire()
    except Timeout as fault:
        raise TryLater(
            "another process has been creating the tracking store for 120 seconds",
            where=fault.lock_file,
            remedy="wait for it, or end it, and type the same line again",
        ) from fault
    except OSError as fault:
        raise TryLater(f"state_dir must be writable, got {fault}", where=str(state_dir)) from fault
    try:
        yield
    finally:
        lock.release()


def exists(path: Path) -> bool:
    """Tell whether somebody has finished building the database; an empty file is no database."""
    return path.exists() and path.stat().st_size > 0


def create(path: Path) -> None:
    """Build an empty MLflow database at `path` unless there is one; call it under the lock.

    Raises
    ------
    TryLater
        If the disk is full or fails.
    """
    from sqlalchemy.exc import SQLAlchemyError

    if exists(path):
        return
    try:
        _build(path)
    except (OSError, sqlite3.Error, SQLAlchemyError) as fault:
        reason = str(fault).partition("\n")[0]
        raise TryLater(f"tracking store could not be created: {reason}", where=str(path)) from fault


def _build(path: Path) -> None:
    from mlflow.store.db import utils
    from sqlalchemy import event

    for leftover in path.parent.glob(f"{path.name}.init-*"):  # we hold the lock: its maker is dead
        leftover.unlink()
    building = path.with_name(f"{path.name}.init-{os.getpid()}")
    engine = utils.create_sqlalchemy_engine(f"sqlite:///{building}")
    # MLflow replays hundreds of schema changes, each its own transaction; nobody else sees this file yet,
    # so they need not reach the disk one by one.
    event.listen(engine, "connect", _skip_waiting_for_the_disk)
    utils._initialize_tables(engine)
    engine.dispose()
    if not _on_network(path):  # SQLite's write-ahead log needs memory shared between all its readers
        with closing(sqlite3.connect(building)) as connection:
            connection.execute("pragma journal_mode = wal")
    with building.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(building, path)


def finished(path: Path, experiment: str, key: str) -> str | None:
    """Return the id of an active, finished run of `experiment` with the tag winnow.key = `key`."""
    rows = _query(
        path,
        f"""{_RUNS_OF_EXPERIMENT} and runs.status = 'FINISHED'
            and tags.key = 'winnow.key' and tags.value = :key order by runs.end_time limit 1""",
        {"experiment": experiment, "key": key},
    )
    return rows[0][0] if rows else None


def running(path: Path, experiment: str) -> list[tuple[str, dict[str, str]]]:
    """Return id and tags of every active, RUNNING run of `experiment`."""
    rows = _query(
        path,
        f"{_RUNS_OF_EXPERIMENT} and runs.status = 'RUNNING'",
        {"experiment": experiment},
    )
    tags: dict[str, dict[str, str]] = {}
    for run_id, key, value in rows:
        tags.setdefault(run_id, {})[key] = value
    return list(tags.items())


_RUNS_OF_EXPERIMENT = """
    select runs.run_uuid, tags.key, tags.value
    from runs join experiments using (experiment_id) join tags using (run_uuid)
    where experiments.name = :experiment and runs.lifecycle_stage = 'active'"""


def _query(path: Path, statement: str, values: dict[str, str]) -> list[tuple]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
        return connection.execute(statement, values).fetchall()


def _skip_waiting_for_the_disk(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("pragma synchronous = off")
    connection.execute("pragma journal_mode = memory")


def _on_network(path: Path) -> bool:
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return False
    entries = [line.split() for line in mounts.read_text().splitlines()]
    above = [(len(entry[1]), entry[2]) for entry in entries if path.resolve().is_relative_to(entry[1])]
    return bool(above) and max(above)[1] in _NETWORK_FILE_SYSTEMS
