"""The last lines of a command: where what it wrote is, and how to open the runs in MLflow."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from winnow.command import lists
from winnow.command.shipped import conf
from winnow.registry import name_of
from winnow.report.escape import printable
from winnow.report.page import HTML
from winnow.report.rows import Row
from winnow.stages import Tracker
from winnow.store.kept_rows import name_of as list_name

MOST = 4  # lists that are named one by one
BASELINE = "uniform_"


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
    if name_of(tracker) == "mlflow" and any(row.run_id for row in rows):
        found += [("browse", line) for line in [browse(folder.parents[1])] if line]
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


def browse(state_dir: Path) -> str:
    """Return the command that opens the runs of a state folder; no text outside of a checkout."""
    script = conf().parent / "scripts" / "ui.py"
    if not script.is_file():
        return ""
    default = state_dir == Path("state").absolute()
    return f"python {shown(script)}" + ("" if default else f" state_dir={shown(state_dir)}")


def shown(path: Path) -> str:
    """Return a path as it is typed from the current folder, where it lies below that."""
    here = Path.cwd()
    return printable(str(path.relative_to(here) if path.is_relative_to(here) else path))
