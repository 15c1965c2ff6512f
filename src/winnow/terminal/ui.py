"""`winnow ui`: browse the runs in MLflow, on this machine."""

from collections.abc import Sequence
from pathlib import Path

from winnow.errors import InvalidValue
from winnow.terminal._parser import Parser

DESCRIPTION = """\
Serve the runs at the printed address until Ctrl-C.
From another machine: ssh -L 5000:127.0.0.1:5000 this-machine."""


def run(words: Sequence[str]) -> None:
    """Serve MLflow's page."""
    parser = Parser("ui", DESCRIPTION)
    parser.add_argument("--state-dir", default="state", metavar="FOLDER", help="where results are (state)")
    parser.add_argument("--port", type=int, default=5000, metavar="NUMBER", help="or the next free (5000)")
    parser.add_argument("--experiment", default="winnow", metavar="NAME", help="of MLflow (winnow)")
    given = parser.parse_args(words)
    show(Path(given.state_dir), given.port, given.experiment)


def show(state_dir: Path, port: int, experiment: str) -> None:
    """Serve the runs until a signal arrives, which is then the exit code.

    Raises
    ------
    InvalidValue
        If there is no such folder: an empty page would look as if nothing had been run.
    """
    if not state_dir.is_dir():
        raise InvalidValue(
            f"state_dir must be a folder with results, got {state_dir}, which is none",
            where=f"state_dir={state_dir}",
            remedy="run winnow compare, or python train.py, first; or name another folder",
        )
    from winnow.command.interruption import interruption
    from winnow.tracker.mlflow import serve

    with interruption.interruptible():
        serve(state_dir, port, experiment)
