"""The last lines of a command: where what it wrote is, and how to open the runs in MLflow."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from winnow.command import lists
from winnow.command.shipped import conf
from winnow.report.escape import printable
from winnow.report.page import HTML
from winnow.report.rows import Row
from winnow.store.credentials import without_credentials
from winnow.store.kept_rows import name_of as list_name
from winnow.tracker.mlflow import MLflow
from winnow.tracking import Tracker

MOST = 4  # lists that are named one by one
BASELINE = "uniform_"
EXPERIMENT = MLflow().experiment


def lines(folder: Path, rows: Sequence[Row], tracker: Tracker) -> list[str]:
    """Return the lines for a command that wrote to `folder`, each a word and a path."""
    named = [
        ("page", folder / HTML),
        ("table", folder / "results.csv"),
        ("figure", folder / "accuracy.png"),
        *(("split", path) for path in sorted(folder.glob("split*.csv"))),
    ]
    found = [(word, shown(path)) for word, path in named if path.exists()]
    found += _kept(folder)
    if isinstance(tracker, MLflow) and any(row.run_id for row in rows):
        found += [("browse", line) for line in [_where(tracker, folder.parents[1])] if line]
    return [f"{word:<7} {printable(text)}" for word, text in found]


def _kept(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the paths of the lists; those of the baseline are named if there are no others."""
    found = sorted(folder.glob(f"{lists.KEPT}/*/{list_name(0)}"))
    paths = [path for path in found if not path.parent.name.startswith(BASELINE)] or found
    for path in paths if len(paths) <= MOST else ():
        yield "kept", shown(path)
    if len(paths) > MOST:
        pattern = folder / lists.KEPT / "*" / list_name(0)
        yield "kept", f"{shown(pattern)} ({len(paths)} lists)"
    others = max((len(list(path.parent.glob("kept-*.csv"))) for path in paths), default=0)
    if others:
        yield "", f"{list_name(0)} is of repetition 0, the one to use; {list_name(1)} and so on of the others"


def _where(tracker: MLflow, state_dir: Path) -> str:
    """Return what shows the runs: a command, or the address of the server that keeps them."""
    if tracker.uri is None:
        return browse(state_dir, tracker.experiment)
    return without_credentials(tracker.uri) if tracker.uri.startswith("http") else ""


def browse(state_dir: Path, experiment: str = EXPERIMENT) -> str:
    """Return the command that opens the runs of a state folder, in a checkout and outside of one."""
    script = conf().parent / "scripts" / "ui.py"
    default = state_dir == Path("state").absolute()
    folder = [] if default else [shown(state_dir)]
    named = [] if experiment == EXPERIMENT else [shlex.quote(experiment)]
    if script.is_file():
        words = [f"python {shown(script)}", *(f"state_dir={path}" for path in folder)]
        return " ".join([*words, *(f"experiment={name}" for name in named)])
    words = ["winnow ui", *(f"--state-dir {path}" for path in folder)]
    return " ".join([*words, *(f"--experiment {name}" for name in named)])


def shown(path: Path) -> str:
    """Return a path as it is typed from the current folder, where it lies below that."""
    here = Path.cwd()
    return printable(str(path.relative_to(here) if path.is_relative_to(here) else path))
