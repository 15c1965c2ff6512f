"""Write runs to MLflow, naming the run in every call.

A store is opened without importing MLflow; the import, the database and the experiment come with the
first run that is written.
"""

import re
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat

from winnow.errors import InvalidValue, TryLater, WinnowError, WinnowWarning
from winnow.tracker import _database as database
from winnow.tracker import _process as process
from winnow.tracker._run import MLflowRun
from winnow.tracker._server import check_server
from winnow.tracker.mlflow import NO_METRICS, Ending, Run, Store

if TYPE_CHECKING:
    import mlflow

_WORTH_A_RETRY = ("TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR", "REQUEST_LIMIT_EXCEEDED")


def _import_mlflow() -> None:
    from mlflow import MlflowClient  # noqa: F401


def _import_file_store() -> None:
    from mlflow.store.tracking import sqlalchemy_store  # noqa: F401 - the client would, sooner or later


def sqlite_uri(path: Path) -> str:
    """Return MLflow's name for the database file `path`.

    >>> sqlite_uri(Path("/data/state/mlflow.db"))
    'sqlite:////data/state/mlflow.db'
    """
    return f"sqlite:///{path.absolute()}"


@dataclass(frozen=True)
class MLflowStore(Store):
    """Runs of one experiment, in the SQLite file or on the server that `uri` names."""

    uri: str
    experiment: str
    state_dir: Path

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None if the store is a server."""
        prefix = "sqlite:///"
        return Path(self.uri.removeprefix(prefix)).absolute() if self.uri.startswith(prefix) else None

    def check(self) -> None:
        """Raise TryLater within seconds if the store could not be written to."""
        if self.file:
            database.check_writable(self.file)
        elif self.uri.startswith("http"):
            check_server(self.uri)

    def warm_up(self) -> None:
        _import_mlflow()

    def prepare(self) -> None:
        """Create the database and the experiment now, if they are missing, rather than with the first run."""
        _ = self._experiment_id

    def finished(self, key: str) -> str | None:
        if self.file and not database.exists(self.file):
            return None
        if self.file:
            with suppress(sqlite3.OperationalError):  # an unexpected schema: MLflow itself is asked below
                return database.finished(self.file, self.experiment, key)
        found = self._search(f"attributes.status = 'FINISHED' and tags.`winnow.key` = '{key}'")
        return found[0][0] if found else None

    @contextmanager
    def run(
        self, name: str, *, key: str, params: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Iterator[Run]:
        run = MLflowRun(self._create(name, {"winnow.key": key, **tags}), self._client, self.reaching)
        try:
            run.params(params)
            yield run
            run.end("FINISHED")
        except Exception as fault:
            self._end_badly(run, "FAILED", f"{type(fault).__name__}: {str(fault)[:500]}")
            raise
        except BaseException as stop:  # Ctrl-C, SystemExit, a signal: nobody's fault
            self._end_badly(run, "KILLED", type(stop).__name__)
            raise

    def parent(self, sweep: str, name: str) -> str:
        tag = "winnow.sweep_parent"
        self.prepare()  # takes the same lock
        with database.locked(self.state_dir):
            found = self._search(f"tags.`{tag}` = '{sweep}'")
            return found[0][0] if found else self._create(name, {tag: sweep, "winnow.sweep": sweep})

    def close_parent(
        self,
        run_id: str,
        status: Ending,
        *,
        metrics: Mapping[str, SupportsFloat] = NO_METRICS,
        artifacts: Sequence[Path] = (),
    ) -> None:
        parent = MLflowRun(run_id, self._client, self.reaching)
        parent.metrics(metrics)
        for path in artifacts:
            parent.artifact(path)
        parent.end(status, result=None)

    def reap(self) -> int:
        orphans = [run_id for run_id, tags in self._running() if _is_orphan(tags)]
        # Asked again, because one may have ended properly before its process did.
        dead = [(run_id, tags["winnow.pid"]) for run_id, tags in self._running() if run_id in orphans]
        for run_id, pid in dead:
            MLflowRun(run_id, self._client, self.reaching).end("FAILED", error=f"process {pid} died")
        return len(dead)

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Turn the faults of the store into one line: try again, or mend the request."""
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        where = re.sub(r"//[^/@]*@", "//", self.uri)  # without password
        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as fault:
            reason = str(fault).partition("\n")[0][:300]
            refused = isinstance(fault, MlflowException) and fault.error_code not in _WORTH_A_RETRY
            if refused or "out-of-date database schema" in reason:
                raise InvalidValue(f"the tracking store refused: {reason}", where=where) from fault
            raise TryLater(
                f"tracking store unreachable: {reason}",
                where=where,
                remedy="bring it back and type the same line again: what is computed is kept",
            ) from fault

    @cached_property
    def _client(self) -> "mlflow.MlflowClient":
        import logging

        from mlflow import MlflowClient

        # It prints a traceback for each fault it raises; the fault itself is enough.
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
        if self.file:
            _import_file_store()
            if not database.exists(self.file):
                with database.locked(self.state_dir):
                    database.create(self.file)
        uri = sqlite_uri(self.file) if self.file else self.uri
        return MlflowClient(uri, registry_uri=uri)

    @cached_property
    def _experiment_id(self) -> str:
        client = self._client
        with self.reaching():
            found = client.get_experiment_by_name(self.experiment)
        if found is None:
            with database.locked(self.state_dir), self.reaching():
                found = client.get_experiment_by_name(self.experiment)
                if found is None:
                    # MLflow's own default is a folder relative to wherever this process was started.
                    artifacts = (self.state_dir / "artifacts").as_uri() if self.file else None
                    return client.create_experiment(self.experiment, artifact_location=artifacts)
        if found.lifecycle_stage != "active":
            raise InvalidValue(
                f"experiment must not be deleted, got {self.experiment!r}",
                where=self.uri,
                remedy=f"restore it (mlflow experiments restore -x {found.experiment_id}) or name another",
            )
        return found.experiment_id

    def _create(self, name: str, tags: Mapping[str, str]) -> str:
        experiment_id = self._experiment_id
        with self.reaching():
            created = self._client.create_run(
                experiment_id, run_name=name, tags={**process.identity(), **tags}
            )
        return created.info.run_id

    def _end_badly(self, run: MLflowRun, status: Ending, reason: str) -> None:
        try:
            run.end(status, error=reason)
        except WinnowError as fault:  # must not hide what ended the run
            warnings.warn(f"run {run.id} could not be marked {status}: {fault}", WinnowWarning, stacklevel=2)

    def _running(self) -> list[tuple[str, dict[str, str]]]:
        if self.file and not database.exists(self.file):
            return []
        if self.file:
            with suppress(sqlite3.OperationalError):  # as in `finished`
                return database.running(self.file, self.experiment)
        return self._search("attributes.status = 'RUNNING'")

    def _search(self, condition: str) -> list[tuple[str, dict[str, str]]]:
        experiment_id = self._experiment_id
        found, page = [], None
        with self.reaching():
            while page is None or page.token:
                page = self._client.search_runs(
                    [experiment_id], condition, page_token=page.token if page else None
                )
                found += [(run.info.run_id, run.data.tags) for run in page]
        return found


def _is_orphan(tags: Mapping[str, str]) -> bool:
    own = process.identity()
    if tags.get("winnow.host") != own["winnow.host"]:
        return False
    return not process.is_alive(int(tags["winnow.pid"]), tags["winnow.process_start"])
