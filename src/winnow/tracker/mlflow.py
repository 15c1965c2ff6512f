"""Keep every run in MLflow: its settings, its numbers and its files, with a status one can believe.

A run is RUNNING while its process works, and ends FINISHED only if nothing was raised *and* its result was
logged; otherwise it is FAILED (with the reason in the tag `error`) or KILLED. What a SIGKILL leaves behind as
RUNNING is put right by `Store.reap`.

A run is first written to a folder of its own below the state folder, and from there to MLflow. A tracking
server that dies in the middle of a sweep therefore loses nothing and ends nothing: what it did not take is
sent by the next command. MLflow is written and never read: which runs are finished stands in a record of
winnow's own, so that a command that has nothing to do needs no MLflow, which takes seconds to import.

Every call names its run, so that one job cannot leak into the next through MLflow's "active run".
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field

from winnow.tracker._address import SQLITE, check_address
from winnow.tracking import Store, Tracker


@dataclass(frozen=True)
class MLflow(Tracker):
    """Keep runs in MLflow.

    Parameters
    ----------
    uri : the address of the tracking store: `http://host:5000`, `sqlite:////folder/file.db`, or
        `postgresql://user:password@host/database`; null is the SQLite file `mlflow.db` in `state_dir`.
        User and password are used to connect, and are neither shown nor stored.
    experiment : the MLflow experiment that the runs belong to; it is created if it does not exist.
    """

    uri: Annotated[str, Field(min_length=1)] | None = field(default=None, repr=False)
    experiment: Annotated[str, Field(min_length=1)] = "winnow"

    def open(self, state_dir: Path) -> Store:
        from winnow.tracker._store import MLflowStore

        if self.uri is not None:
            check_address(self.uri)
        state_dir = Path(state_dir).absolute()
        return MLflowStore(self.uri or f"{SQLITE}{state_dir / 'mlflow.db'}", self.experiment, state_dir)


def serve(state_dir: Path, port: int, experiment: str = "winnow") -> None:
    """Serve MLflow's page of a state folder, at the first free port from `port` on, until it ends.

    Raises
    ------
    TryLater
        If no port is free, the store cannot be opened now, or the server ends by itself.
    """
    from winnow.tracker._server import free_port, serving

    print("MLflow is starting, which takes from 5 seconds to a minute", file=sys.stderr, flush=True)
    store = MLflow(experiment=experiment).open(state_dir)
    if not (state_dir / "mlflow.db").exists():
        store.prepare()  # a server on an empty folder should show an empty experiment
    with serving(state_dir, free_port(port)) as server:
        store.prepare()  # while the server starts
        server.wait_for_answer()
        print(f"{store.page(server.address)}  (Ctrl-C ends it)", flush=True)
        server.wait()
