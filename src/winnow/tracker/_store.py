"""Write runs for MLflow: first to a folder, then to the store, for as long as the store can be reached."""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import Any

from winnow.errors import InvalidValue, TryLater, WinnowWarning
from winnow.store.credentials import without_credentials
from winnow.store.finished import FinishedRuns
from winnow.tracker import _database as database
from winnow.tracker import _origin as origin
from winnow.tracker import _process as process
from winnow.tracker import _unsent as unsent
from winnow.tracker import _view as view
from winnow.tracker._address import SQLITE
from winnow.tracker._destination import Destination
from winnow.tracker._run import FolderRun
from winnow.tracker._send import Sender
from winnow.tracker._unsent import UnsentRun
from winnow.tracking import Ending, Run, Store

SECONDS_BETWEEN_ATTEMPTS = 60.0
"""How long a store is left alone that could not be reached: each attempt may take seconds."""
_PATIENCE = 20.0  # seconds to wait for another process that is sending, while a job waits


class MLflowStore(Store):
    """Runs of one experiment.

    Parameters
    ----------
    uri : the address of the tracking store.
    experiment : the name of the experiment.
    state_dir : the folder below which runs wait to be sent, and finished runs are recorded.
    """

    def __init__(self, uri: str, experiment: str, state_dir: Path) -> None:
        self.destination = Destination(uri, experiment, state_dir)
        self.state_dir = state_dir
        self._next_attempt, self._has_warned = 0.0, False

    def check(self) -> None:
        self.destination.check()

    def prepare(self) -> None:
        if time.monotonic() < self._next_attempt:
            return
        try:
            self._sender.connect()
        except TryLater as fault:
            if self._has_no_database:  # nothing was ever sent to it: better no work is begun
                raise
            self._hold_back(fault)

    def finished(self, key: str) -> str | None:
        found = self._finished.find(key, self.destination.name, self.destination.experiment)
        if found is None:
            return None
        if self._has_no_database and not UnsentRun(self._unsent / found.folder).exists:
            return None
        return found.run_id or found.folder

    @contextmanager
    def run(
        self, name: str, *, key: str, params: Mapping[str, Any], tags: Mapping[str, str], parent: str = ""
    ) -> Iterator[Run]:
        self.prepare()
        folder = self._begin(token_hex(16), name, key=key, tags={"winnow.key": key, **tags}, parent=parent)
        run = FolderRun(folder, self._deliver)
        try:
            run.params(params)
            self._deliver(folder)
            yield run
            run.require_result()
            self._deliver(folder)  # what the store refuses must be known before the run is called finished
        except Exception as fault:
            self._end_badly(folder, "FAILED", f"{type(fault).__name__}: {str(fault)[:500]}")
            raise
        except BaseException as stop:  # Ctrl-C, SystemExit, a signal: nobody's fault
            self._end_badly(folder, "KILLED", type(stop).__name__)
            raise
        folder.end("FINISHED")
        self._finished.add(self._sender.record(folder))
        self._deliver(folder)

    def parent(self, sweep: str, name: str, *, tags: Mapping[str, str] | None = None) -> str:
        parent = f"sweep-{sweep}"
        self._begin(parent, name, key=parent, tags={"winnow.sweep": sweep} | dict(tags or {}))
        return parent

    def close_parent(
        self,
        parent: str,
        status: Ending,
        *,
        artifacts: Sequence[Path] = (),
        summary: Callable[[Run], None] | None = None,
    ) -> None:
        folder = UnsentRun(self._unsent / parent)
        if not folder.exists:  # its process died, or seemed to, and another one ended it
            folder = self._reopen(parent)
        for path in artifacts:
            folder.keep_file(path, path.name)
        if summary:
            summary(FolderRun(folder, self._deliver))
        folder.end(status)
        self._deliver(folder)

    def page(self, address: str) -> str:
        """Return where a server at `address` shows the runs."""
        return view.page(address, self._sender.connect())

    def reap(self) -> int:
        orphans = [run for run in unsent.runs(self._unsent) if not run.ended and _is_orphan(run)]
        if not orphans:
            return 0
        with database.locked(self._unsent.with_suffix(".lock")):
            # Looked at again, because one may have ended properly before its process did.
            dead = [run for run in orphans if run.exists and not run.ended]
            for run in dead:
                run.end("FAILED", f"process {run.about['process']['winnow.pid']} died")
        return len(dead)

    def send(self) -> TryLater | None:
        ended = self._ended()
        try:
            for run in ended:
                self._send(run)
        except TryLater as fault:
            count = sum(run.exists for run in ended)
            return TryLater(
                f"{count} {'run is' if count == 1 else 'runs are'} kept in {self._unsent}: {fault.what}",
                where=fault.where,
                remedy="bring the store back and type the same line again, or make flush",
            )
        return None

    def _ended(self) -> list[UnsentRun]:
        own = (self.destination.name, self.destination.experiment)
        here = (
            run for run in unsent.runs(self._unsent) if (run.about["uri"], run.about["experiment"]) == own
        )
        return [run for run in here if run.ended]

    def _begin(
        self, folder: str, name: str, *, key: str, tags: Mapping[str, str], parent: str = ""
    ) -> UnsentRun:
        identity = process.identity()
        about = {"name": name, "key": key, "parent": parent, "is_parent": key == folder}
        about |= {"uri": self.destination.name, "experiment": self.destination.experiment}
        about |= {
            "tags": {**identity, **origin.tags(), **tags},
            "process": identity,
            "start": unsent.milliseconds(),
        }
        return unsent.begin(self._unsent, folder, about)

    def _reopen(self, parent: str) -> UnsentRun:
        closed = self._finished.find(parent, self.destination.name, self.destination.experiment)
        folder = self._begin(parent, parent, key=parent, tags={})
        if closed and closed.run_id:
            folder.note(run_id=closed.run_id)
        return folder

    @property
    def _has_no_database(self) -> bool:
        file = self.destination.file
        return file is not None and not database.exists(file)

    def _deliver(self, run: UnsentRun) -> None:
        """Send what there is, unless the store could not be reached a short time ago."""
        if time.monotonic() < self._next_attempt:
            return
        try:
            self._send(run, _PATIENCE)
        except TryLater as fault:
            self._hold_back(fault)

    def _send(self, run: UnsentRun, patience: float = database.LOCK_SECONDS) -> None:
        self._sender.connect()
        try:
            self._sender.send(run, patience)
        except InvalidValue as fault:
            if not run.ended:
                raise
            self._sender.set_aside(run, fault)

    def _hold_back(self, fault: TryLater) -> None:
        self._next_attempt = time.monotonic() + SECONDS_BETWEEN_ATTEMPTS
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"what is logged is kept in {self._unsent} and sent later: {fault}",
                WinnowWarning,
                stacklevel=2,
            )

    def _end_badly(self, run: UnsentRun, status: Ending, reason: str) -> None:
        try:
            self._deliver(run)
        except InvalidValue:
            run.note(lines=len(run.lines))  # what was refused must not keep the run from being ended
        run.end(status, reason)
        self._deliver(run)

    @property
    def _unsent(self) -> Path:
        return self.state_dir / "unsent"

    @property
    def _finished(self) -> FinishedRuns:
        return FinishedRuns(self.state_dir / "finished")

    @cached_property
    def _sender(self) -> Sender:
        return Sender(self.destination, self._unsent, self._finished)


def _is_orphan(run: UnsentRun) -> bool:
    tags, own = run.about["process"], process.identity()
    if tags.get("winnow.host") != own["winnow.host"]:
        return False
    return not process.is_alive(int(tags["winnow.pid"]), tags["winnow.process_start"])


def stores_with_runs(state_dir: Path, uri: str | None = None) -> list[MLflowStore]:
    """Return every store for which runs are kept below `state_dir`, in order of their addresses.

    Addresses are kept without user and password; where a store needs them, `uri` is its whole address.
    """
    state_dir = state_dir.absolute()
    names = {(run.about["uri"], run.about["experiment"]) for run in unsent.runs(state_dir / "unsent")}
    stores = []
    for name, experiment in sorted(names):
        given = uri if uri and without_credentials(uri) == name else name
        address = f"{SQLITE}{state_dir / name}" if name == "mlflow.db" else given
        stores.append(MLflowStore(address, experiment, state_dir))
    return stores
