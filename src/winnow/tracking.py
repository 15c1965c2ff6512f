"""What a tracker promises: a store of runs that are written while they go on, and ended truthfully.

The stages of a job know none of this: a command opens the store, and writes down what they returned.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, SupportsFloat, runtime_checkable

from numpy import ndarray

from winnow.errors import TryLater
from winnow.types import Dataset

Ending = Literal["FINISHED", "FAILED", "KILLED"]


@runtime_checkable
class Run(Protocol):
    """One run while it is being written."""

    def params(self, values: Mapping[str, Any]) -> None:
        """Write down settings, or what else is told in words, each once."""
        ...

    def metrics(self, values: Mapping[str, SupportsFloat], step: int = 0) -> None:
        """Add one value to each named history; one that is not finite is an InvalidValue."""
        ...

    def curve(self, name: str, values: ndarray, every: int = 1) -> None:
        """Add a whole history: `values[step]` at every `every`-th step, and the last one."""
        ...

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of the file `path`, below `folder` among the files of the run."""
        ...

    def text(self, content: str, name: str) -> None:
        """Keep `content` as the file `name`."""
        ...

    def dataset(self, dataset: Dataset, source: Mapping[str, str]) -> None:
        """Record the data set that the run learns from; `source` are the settings that it was read with."""
        ...

    def note(self, markdown: str) -> None:
        """Say what came of the run, to be read before all its numbers; at most 8,000 characters."""
        ...


@runtime_checkable
class Store(Protocol):
    """Where runs are kept. A store that cannot be reached delays what is sent to it, and nothing else."""

    def check(self) -> None:
        """Make sure, before any work is done, that the store can be written to; writes nothing.

        Raises
        ------
        TryLater
            Within seconds, if it cannot be reached now.
        InvalidValue
            If it can never be used as it is named.
        """
        ...

    def prepare(self) -> None:
        """Do now what the first run would wait for, which may take seconds, as creating a database does.

        Raises
        ------
        TryLater
            If the store cannot be reached, and never could.
        InvalidValue
            If it can never take a run.
        """
        ...

    def finished(self, key: str) -> str | None:
        """Return the id of the finished run with this content key, or None."""
        ...

    def run(
        self, name: str, *, key: str, params: Mapping[str, Any], tags: Mapping[str, str], parent: str = ""
    ) -> AbstractContextManager[Run]:
        """Open a run that is RUNNING inside the `with` block and truthfully ended after it.

        Leaving the block without having logged `test_acc_median` is an InvalidValue and a FAILED run.
        """
        ...

    def parent(self, sweep: str, name: str, *, tags: Mapping[str, str] | None = None) -> str:
        """Return what `run` takes as the parent of the runs of a sweep, the same in every process."""
        ...

    def close_parent(
        self,
        parent: str,
        status: Ending,
        *,
        artifacts: Sequence[Path] = (),
        summary: Callable[[Run], None] | None = None,
    ) -> None:
        """End the parent run, adding files about the whole sweep and what `summary` writes to it."""
        ...

    def reap(self) -> int:
        """Mark the open runs of dead processes of this host FAILED, to be sent; return how many.

        A parent counts as dead with the process that made it; `close_parent` has the last word.
        """
        ...

    def send(self) -> TryLater | None:
        """Send all ended runs that are kept on disk; return the fault, if any, that left some unsent."""
        ...


@runtime_checkable
class Tracker(Protocol):
    """Opens a store (group `tracker`)."""

    def open(self, state_dir: Path) -> Store:
        """Return the store of the commands that share `state_dir`; an address that is none is refused."""
        ...
