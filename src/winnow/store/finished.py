"""Remember which runs are finished, so that the same command typed again skips them.

One small file per run, in `finished/` below the state folder. It says in which store the run is kept, and
counts for that store only. Removing a file makes winnow record that run anew.
"""

import hashlib
import json
from collections.abc import Container
from dataclasses import asdict, dataclass
from pathlib import Path

from winnow.store.whole_file import write_whole

_LARGEST_FILE = 65_536  # bytes; a record has a few hundred


@dataclass(frozen=True)
class FinishedRun:
    """A run that ended well, or the parent run of a sweep that has ended.

    Parameters
    ----------
    key : what the run was computed from, as a hash.
    uri : the address of its store, without user and password.
    experiment : the experiment in that store.
    folder : the name of its folder while it waits to be sent.
    run_id : its id in the store; empty until it was sent.
    """

    key: str
    uri: str
    experiment: str
    folder: str
    run_id: str = ""


@dataclass(frozen=True)
class FinishedRuns:
    """The record of one state folder.

    Parameters
    ----------
    folder : where the files are.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     runs = FinishedRuns(Path(folder))
    ...     runs.add(FinishedRun("ab12", "mlflow.db", "winnow", "waiting", run_id="77"))
    ...     runs.find("ab12", "mlflow.db", "winnow").run_id, runs.find("ab12", "http://host", "winnow")
    ('77', None)
    """

    folder: Path

    def find(self, key: str, uri: str, experiment: str) -> FinishedRun | None:
        """Return the run with this key in this store; None if there is none that can be read."""
        run = _read(self._path(key, uri, experiment))
        return run if run and (run.key, run.uri, run.experiment) == (key, uri, experiment) else None

    def add(self, run: FinishedRun) -> None:
        """Remember a run, in place of an earlier one with the same key in the same store."""
        write_whole(self._path(run.key, run.uri, run.experiment), json.dumps(asdict(run), indent=1) + "\n")

    def forget(self, uri: str, *, but: Container[str]) -> None:
        """Forget the runs of a store that is gone, except those whose folder is in `but`."""
        for path in self.folder.glob("*.json"):
            run = _read(path)
            if run and run.uri == uri and run.folder not in but:
                path.unlink(missing_ok=True)

    def _path(self, key: str, uri: str, experiment: str) -> Path:
        store = hashlib.sha256(f"{uri}\n{experiment}".encode()).hexdigest()[:8]
        return self.folder / f"{key}-{store}.json"


def _read(path: Path) -> FinishedRun | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            return None
        return FinishedRun(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # gone, damaged, or written by something else
        return None
