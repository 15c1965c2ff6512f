"""One command, from its first job to its last: which jobs there are, what became of each, the summary.

The folder `state/runs/<sweep>` is the memory that all processes of a command share. `sweep.json` lists
every job from the start, so that even after a kill -9 it tells truthfully what was done and what was not.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from secrets import token_hex

import numpy as np

from winnow.command.plan import Plan
from winnow.dataset.auto import Auto
from winnow.errors import InvalidValue
from winnow.report import figures
from winnow.report import rows as results
from winnow.report import tables as report
from winnow.report.rows import Row
from winnow.store.cache import Cache

ENVIRONMENT = "WINNOW_SWEEP"
PARENT = "parent-run"
COMMAND = "command"
# The jobs of this process's command, between its beginning and its end; empty in workers.
_begun: list[Plan] = []


def name_command() -> None:
    """Name this command in the environment, which jobs and workers inherit whatever launches them.

    Microseconds and a random part: two sweeps of the same second must not share a folder.
    """
    os.environ[ENVIRONMENT] = f"{datetime.now():%Y-%m-%d_%H-%M-%S.%f}_{token_hex(3)}"


def folder(state_dir: str | Path) -> Path:
    """Where the running command keeps its jobs."""
    return Path(state_dir).absolute() / "runs" / os.environ[ENVIRONMENT]


def begin(plans: Sequence[Plan], overrides: Sequence[Sequence[str]], command: str) -> None:
    """Make ready for jobs that have all passed the door, and list them as pending.

    `command` is what was typed, without the program's name.

    What a killed command left behind is cleared away first: runs that claim to be running, temporary files.

    Raises
    ------
    TryLater
        If the tracking store cannot be reached, before anything is computed.
    """
    state_dir = Path(plans[0].settings.state_dir).absolute()
    place = folder(state_dir)
    stores = [tracker.open(state_dir) for tracker in {plan.stages["tracker"] for plan in plans}]
    try:
        place.mkdir(parents=True)
    except OSError as error:
        raise InvalidValue(
            f"state_dir must be a folder that can be written to, got {error.strerror}",
            where=f"state_dir={state_dir}",
            remedy="choose another with state_dir=...",
        ) from error
    rows = [pending(*job) for job in zip(range(len(plans)), plans, overrides, strict=True)]
    _write(place / "sweep.json", rows)
    (place / COMMAND).write_text(command)
    _begun[:] = plans
    for store in stores:
        store.check()
        store.reap()
        store.send()  # what earlier commands could not
    Cache(state_dir / "cache").sweep_temporary()
    for source in {plan.stages["dataset"] for plan in plans}:
        # Decided once, here: the jobs of a sweep must not disagree about what they learn from.
        if isinstance(source, Auto):
            source.decide()


def upcoming(number: int) -> Sequence[Plan]:
    """The jobs of this command after job `number`; none in a process that was handed a single job."""
    return _begun[number + 1 :]


def exhibits(place: Path, job: int) -> Path:
    """The folder for the figures and tables of one job's study."""
    return place / f"study-{job}"


def pending(number: int, plan: Plan, overrides: Sequence[str]) -> Row:
    """The row of a job that has not run yet."""
    settings = plan.settings
    return Row(
        number,
        "pending",
        plan.options["selector"],
        settings.k,
        settings.budget,
        options=plan.options,
        overrides=list(overrides),
    )


def record(place: Path, row: Row) -> None:
    """Keep one job's row, each in a file of its own so that jobs on other machines cannot collide."""
    place.mkdir(parents=True, exist_ok=True)
    _write(place / f"job-{row.job}.json", [row])


def rows(place: Path) -> list[Row]:
    """Every job of the command with the latest that is known of it."""
    listed = {row.job: row for row in _read(place / "sweep.json")}
    for path in place.glob("job-*.json"):
        for row in _read(path):
            listed[row.job] = replace(row, overrides=listed[row.job].overrides)
    return [listed[number] for number in sorted(listed)]


def finished(state_dir: Path) -> list[Row]:
    """Every job with results that any command left in a state folder; the latest of those with one key."""
    latest = {}
    for path in sorted((state_dir / "runs").glob("*/sweep.json")):
        latest |= {row.key: row for row in rows(path.parent) if row.scored}
    return list(latest.values())


def finish(error: BaseException | None, *, shown: bool = True) -> list[Row]:
    """Record what came of the command and, if `shown`, print it; nothing to do if it never began."""
    if not _begun:
        return []
    plan = _begun[0]
    _begun.clear()
    state_dir = Path(plan.settings.state_dir).absolute()
    place = folder(state_dir)
    outcome = rows(place)
    _write(place / "sweep.json", outcome)
    if shown:
        report.show(outcome, report.console())
    files = []
    if any(row.scored for row in outcome):
        files = [results.write_csv(outcome, place / "results.csv"), _figure(outcome, place, state_dir)]
    parent = place / PARENT
    store = plan.stages["tracker"].open(state_dir)
    if parent.exists():
        files += sorted(place.glob("study-*/*"))
        store.close_parent(parent.read_text(), _ending(outcome, error), artifacts=files)
    if fault := store.send():
        raise fault
    return outcome


def _figure(outcome: Sequence[Row], place: Path, state_dir: Path) -> Path:
    """Draw the accuracies, unless they were drawn before: that takes half a second, most of it to begin."""
    path = place / "accuracy.png"

    def draw() -> tuple[dict[str, np.ndarray], dict]:
        figures.accuracy(outcome, path)
        return {"png": np.fromfile(path, dtype=np.uint8)}, {}

    drawn = Cache(state_dir / "cache").fetch("figure", figures.accuracy_key(outcome), draw)
    if drawn.found:
        path.write_bytes(drawn.arrays["png"])
    return path


def _ending(outcome: Sequence[Row], error: BaseException | None) -> str:
    if error is not None and not isinstance(error, Exception):
        return "KILLED"
    return "FINISHED" if all(row.done for row in outcome) else "FAILED"


def _write(path: Path, outcome: Sequence[Row]) -> None:
    temporary = path.with_suffix(f".tmp-{os.getpid()}")
    temporary.write_text(json.dumps([asdict(row) for row in outcome], indent=1) + "\n")
    os.replace(temporary, path)


def _read(path: Path) -> list[Row]:
    return [Row(**record) for record in json.loads(path.read_text())]
