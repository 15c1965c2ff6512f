"""Keep what happened: every run, its settings, its numbers and its files, with a status one can believe.

A run is RUNNING while its process works, and ends FINISHED only if nothing was raised *and* its result is
stored; otherwise it is FAILED (with the reason in the tag `error`) or KILLED. What a SIGKILL leaves
behind as RUNNING is put right by `Store.reap`.

Nothing here relies on MLflow's "active run": every call names its run, so one job cannot leak into the
next. There is no Lightning logger either. Losses come back from training as arrays and are written as
curves, in batches, after the fact: one moving part less, and training pays nothing for being watched.
Only this package imports MLflow, and only when a run is about to be written (3-5 seconds of imports):
asking whether a run is finished, with the default SQLite store, takes a millisecond.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, SupportsFloat, runtime_checkable

import numpy as np
from numpy import ndarray
from pydantic import Field

from winnow.errors import InvalidValue

RESULT = "test_acc_median"
"""The metric without which no run counts as finished."""

Ending = Literal["FINISHED", "FAILED", "KILLED"]
NO_METRICS: Mapping[str, SupportsFloat] = {}


@runtime_checkable
class Run(Protocol):
    """One run while it is being written. Numbers are buffered and written in few, large batches."""

    id: str

    def metrics(self, values: Mapping[str, SupportsFloat], step: int = 0) -> None:
        """Add one value to each named history; histories are in the store within about a second.

        Raises
        ------
        InvalidValue
            If a value is not finite, naming the metric and the step.
        """
        ...

    def curve(self, name: str, values: ndarray, every: int = 1) -> None:
        """Add a whole history: `values[step]` at every `every`-th step, and the last one."""
        ...

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of the file `path`."""
        ...

    def text(self, content: str, name: str) -> None:
        """Keep `content` as the file `name`."""
        ...


@runtime_checkable
class Store(Protocol):
    """Where runs are kept. Every method raises TryLater if the store cannot be reached."""

    def warm_up(self) -> None:
        """Import what writing a run needs, so that the first run does not wait for it; writes nothing."""
        ...

    def finished(self, key: str) -> str | None:
        """Return the id of a finished, not deleted run with this content key, or None."""
        ...

    def run(
        self, name: str, *, key: str, params: Mapping[str, Any], tags: Mapping[str, str]
    ) -> AbstractContextManager[Run]:
        """Open a run that is RUNNING inside the `with` block and truthfully ended after it.

        Leaving the block without having logged `test_acc_median` is an InvalidValue and a FAILED run.
        """
        ...

    def parent(self, sweep: str, name: str) -> str:
        """Return the id of the sweep's parent run; the first process to ask creates it."""
        ...

    def close_parent(
        self,
        run_id: str,
        status: Ending,
        *,
        metrics: Mapping[str, SupportsFloat] = NO_METRICS,
        artifacts: Sequence[Path] = (),
    ) -> None:
        """End the parent run, adding numbers and files about the whole sweep."""
        ...

    def reap(self) -> int:
        """Mark as FAILED the RUNNING runs of this host whose process is dead; return how many.

        A parent counts as dead with the process that created it; `close_parent` has the last word.
        """
        ...


@runtime_checkable
class Tracker(Protocol):
    """Opens a store (group `tracker`)."""

    def open(self, state_dir: Path) -> Store:
        """Check that the store can be written to, before any work is done.

        Raises
        ------
        TryLater
            Within seconds, if it cannot.
        """
        ...


@dataclass(frozen=True)
class MLflow(Tracker):
    """Keep runs in MLflow: an SQLite file under `state_dir`, or any tracking URI.

    The SQLite file and its experiment are created by the first run, under a lock, so any number of
    processes may start at once on nothing.
    """

    uri: Annotated[str, Field(pattern=r"^(sqlite:///|https?://|(postgresql|mysql|mssql)\S*://)")] | None = (
        None
    )
    experiment: Annotated[str, Field(min_length=1)] = "winnow"

    def open(self, state_dir: Path) -> Store:
        from winnow.tracker._server import ENVIRONMENT
        from winnow.tracker._store import MLflowStore, sqlite_uri

        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        state_dir = Path(state_dir).absolute()
        store = MLflowStore(self.uri or sqlite_uri(state_dir / "mlflow.db"), self.experiment, state_dir)
        store.check()
        return store


@dataclass(frozen=True)
class NoTracker(Tracker):
    """Keep nothing: no run is ever found again, so nothing is skipped.

    >>> NoTracker().open(Path("state")).finished("a key") is None
    True
    """

    def open(self, state_dir: Path) -> Store:
        return _NoStore()


class _NoStore(Store):
    def warm_up(self) -> None:
        return

    def finished(self, key: str) -> str | None:
        return None

    @contextmanager
    def run(
        self, name: str, *, key: str, params: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Iterator[Run]:
        yield _NoRun()

    def parent(self, sweep: str, name: str) -> str:
        return ""

    def close_parent(
        self,
        run_id: str,
        status: Ending,
        *,
        metrics: Mapping[str, SupportsFloat] = NO_METRICS,
        artifacts: Sequence[Path] = (),
    ) -> None:
        return

    def reap(self) -> int:
        return 0


class _NoRun(Run):
    id = ""

    def metrics(self, values: Mapping[str, SupportsFloat], step: int = 0) -> None:
        for name, value in values.items():
            require_finite(name, np.array([float(value)]), [step])

    def curve(self, name: str, values: ndarray, every: int = 1) -> None:
        require_finite(name, values, range(len(values)))

    def artifact(self, path: Path, folder: str | None = None) -> None:
        return

    def text(self, content: str, name: str) -> None:
        return


def require_finite(name: str, values: ndarray, steps: Sequence[int]) -> None:
    """Refuse NaN and infinity: MLflow would quietly store the latter as 1.8e308.

    >>> require_finite("loss", np.array([0.5, np.nan]), [0, 1])
    Traceback (most recent call last):
    winnow.errors.InvalidValue: metric 'loss' must be finite, got nan at step 1
    """
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise InvalidValue(
            f"metric {name!r} must be finite, got {values[wrong[0]]} at step {steps[int(wrong[0])]}"
        )
