"""Reach the MLflow experiment that runs are sent to.

Artifacts of a database without a server are put below the state folder by winnow itself. What the database
says of their location is `mlflow-artifacts:/`, which `make ui` reads as the folder beside the database in
use; MLflow's own way is an absolute path, which still leads to the old folder after a move or in a copy.
"""

import os
import shutil
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from winnow.errors import InvalidValue, TryLater, WinnowWarning
from winnow.store.credentials import hide_credentials, without_credentials
from winnow.tracker import _database as database
from winnow.tracker import _view as view
from winnow.tracker._address import SQLITE, database_server, sqlite_file
from winnow.tracker._server import ENVIRONMENT, check_connection, check_server, unreachable

if TYPE_CHECKING:
    import mlflow
    from mlflow.entities import Experiment

PROXIED = "mlflow-artifacts:/"
_DRIVERS = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient"}
_WORTH_A_RETRY = ("TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR", "REQUEST_LIMIT_EXCEEDED")
_WRONG_LOGIN = ("password", "authentication", "access denied", "login failed", "does not exist")


@dataclass(frozen=True)
class Destination:
    """One experiment of one store.

    Parameters
    ----------
    uri : the address of the store, with user and password if it needs them.
    experiment : the name of the experiment.
    state_dir : the state folder of the command.
    """

    uri: str
    experiment: str
    state_dir: Path

    @cached_property
    def file(self) -> Path | None:
        """The SQLite file, or None if the store is a server."""
        return sqlite_file(self.uri)

    @property
    def name(self) -> str:
        """What the store is called in records: no user, no password, and a name that survives a move."""
        return self.file.name if self.is_own else without_credentials(self.uri)

    @property
    def is_own(self) -> bool:
        """Whether the store is the file that winnow keeps in the state folder."""
        return self.file is not None and self.file == self.state_dir / "mlflow.db"

    @property
    def has_server(self) -> bool:
        """Whether an MLflow server takes the runs, and puts artifacts where it was set up to."""
        return self.uri.startswith("http")

    def check(self) -> None:
        """Raise TryLater, within seconds, if the store cannot be reached, InvalidValue if it never can."""
        if self.file:
            database.check_writable(self.file)
        elif self.has_server:
            check_server(self.uri)
        elif server := database_server(self.uri):
            _check_driver(self.uri)
            check_connection(self.uri, *server)
            self._check_login()

    @cached_property
    def client(self) -> "mlflow.MlflowClient":
        """MLflow's own way in; the database must exist."""
        import logging

        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        # It prints a traceback for each fault it raises; the fault itself is enough.
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
        uri = f"{SQLITE}{self._readable_file(self.file)}" if self.file else self.uri
        with self.reaching():
            return MlflowClient(uri, registry_uri=uri)

    def open_experiment(self) -> str:
        """Return the id of the experiment, which is created if it does not exist.

        Raises
        ------
        InvalidValue
            If it was deleted, or if its artifacts are not where winnow may write.
        """
        found = self._experiment()
        if found is None or self._must_be_renamed(found):
            with database.locked(self.state_dir / "mlflow.lock"), self.reaching():
                found = self._experiment()
                if found is not None and self._must_be_renamed(found):
                    self._rename(found)
                    found = None
                if found is None:
                    found = self.create()
        return self._with_view(self._checked(found)).experiment_id

    def create(self) -> "Experiment":
        """Create the experiment; if a command with another state folder did so a moment ago, return that."""
        from mlflow.exceptions import MlflowException

        location = None if self.has_server else PROXIED
        try:
            number = self.client.create_experiment(
                self.experiment, artifact_location=location, tags={view.TAG: view.state()}
            )
        except MlflowException:
            if (found := self._experiment()) is None:
                raise
            return found
        return self.client.get_experiment(number)

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Turn the faults of the store into one line: try again, or mend the request."""
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as fault:
            if "out-of-date database schema" in str(fault):
                raise self._other_version() from fault
            refused = isinstance(fault, MlflowException) and fault.error_code not in _WORTH_A_RETRY
            raise self._explained(fault, refused=refused) from fault

    def artifact_folder(self, artifact_uri: str) -> Path | None:
        """Return the folder of a run's artifacts in the state folder; None if MLflow puts them elsewhere.

        Raises
        ------
        InvalidValue
            If a database without a server names any other folder, which could be anybody's.
        """
        if self.has_server:
            return None
        if not artifact_uri.startswith(PROXIED):
            if _is_local(artifact_uri):
                raise InvalidValue(f"artifacts of a run must lie below the state folder, got {artifact_uri}")
            return None
        artifacts = self.state_dir / "artifacts"
        folder = artifacts / artifact_uri.removeprefix(PROXIED).lstrip("/")
        if ".." in folder.parts or not folder.resolve().is_relative_to(artifacts.resolve()):
            raise InvalidValue(f"artifacts of a run must lie below the state folder, got {artifact_uri}")
        return folder

    def _check_login(self) -> None:
        """Log in once and out again: MLflow would try a wrong password ten times, for 100 seconds."""
        from sqlalchemy import create_engine
        from sqlalchemy.exc import SQLAlchemyError

        engine = create_engine(self.uri)
        try:
            engine.connect().close()
        except SQLAlchemyError as fault:
            raise self._explained(fault, remedy="correct user, password and database") from fault
        finally:
            engine.dispose()

    def _explained(
        self, fault: Exception, *, refused: bool = False, remedy: str = ""
    ) -> InvalidValue | TryLater:
        reason = hide_credentials(_first_line(fault), self.uri)
        wrong_login = not self.file and any(words in reason.lower() for words in _WRONG_LOGIN)
        if not (refused or wrong_login):
            return unreachable(self.uri, reason)
        return InvalidValue(
            f"the tracking store refused: {reason}", where=without_credentials(self.uri), remedy=remedy
        )

    def _experiment(self) -> "Experiment | None":
        client = self.client
        with self.reaching():
            return client.get_experiment_by_name(self.experiment)

    def _must_be_renamed(self, found: "Experiment") -> bool:
        return self.is_own and found.lifecycle_stage == "active" and _is_local(found.artifact_location)

    def _rename(self, found: "Experiment") -> None:
        name = f"{self.experiment} ({found.experiment_id})"
        self.client.rename_experiment(found.experiment_id, name)
        warnings.warn(
            f"experiment {self.experiment!r} of an earlier version, whose files belong to "
            f"{found.artifact_location}, is called {name!r} from now on",
            WinnowWarning,
            stacklevel=2,
        )

    def _checked(self, found: "Experiment") -> "Experiment":
        where = without_credentials(self.uri)
        if found.lifecycle_stage != "active":
            raise InvalidValue(
                f"experiment must not be deleted, got {self.experiment!r}",
                where=where,
                remedy=f"restore it (mlflow experiments restore -x {found.experiment_id}) or name another",
            )
        if not self.has_server and _is_local(found.artifact_location):
            raise InvalidValue(
                f"experiment must not keep its files in a fixed folder, got {found.artifact_location}",
                where=where,
                remedy="name another with tracker.experiment=...",
            )
        return found

    def _with_view(self, found: "Experiment") -> "Experiment":
        """Give an experiment of an earlier version the view that `make ui` opens."""
        if found.tags.get(view.TAG) != view.state():
            with self.reaching():
                self.client.set_experiment_tag(found.experiment_id, view.TAG, view.state())
        return found

    def _other_version(self) -> InvalidValue:
        return InvalidValue(
            "the tracking database must be of the MLflow version that is installed, got another",
            where=without_credentials(self.uri),
            remedy="make a copy of it and type: mlflow db upgrade <its address>; or name another database",
        )

    def _readable_file(self, path: Path) -> Path:
        """Return a path to the file that MLflow reads rightly: it takes % and ? for markup."""
        if not {"%", "?"} & set(str(path)):
            return path
        folder = Path(mkdtemp(prefix="winnow-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        (folder / "state").symlink_to(path.parent, target_is_directory=True)
        return folder / "state" / path.name


def _first_line(fault: BaseException) -> str:
    """Return what went wrong; SQLAlchemy may put a line about its own workings before it."""
    lines = [line for line in str(fault).splitlines() if "raised as a result of" not in line]
    return next(iter(lines), type(fault).__name__)[:300]


def _is_local(location: str) -> bool:
    return location.startswith("file:") or not ("://" in location or location.startswith(PROXIED))


def _check_driver(uri: str) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError

    where = without_credentials(uri)
    try:
        create_engine(uri).dispose()
    except ImportError as fault:
        raise InvalidValue(
            f"tracker.uri must name a database whose driver is installed, got: {fault}",
            where=where,
            remedy=f"pip install {_DRIVERS.get(fault.name, fault.name)}",
        ) from fault
    except (ArgumentError, ValueError) as fault:
        reason = hide_credentials(str(fault).partition("\n")[0], uri)
        raise InvalidValue(f"tracker.uri must be an address, got: {reason}", where=where) from fault
