"""One command, from its first job to its last: which jobs there are, what became of each, the summary.

The folder `state/runs/<sweep>` is the memory that all processes of a command share. `sweep.json` lists
every job from the start, so that even after a kill -9 it tells truthfully what was done and what was not.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from winnow.command.plan import Plan
from winnow.dataset.auto import Auto
from winnow.errors import InvalidValue
from winnow.report import figures, history
from winnow.report import tables as report
from winnow.report.results import write_csv
from winnow.report.rows import Row, write_rows
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
    try:
        place.mkdir(parents=True)
    except OSError as error:
        raise InvalidValue(
            f"state_dir must be a folder that can be written to, got {error.strerror}",
            where=f"state_dir={state_dir}",
            remedy="choose another with state_dir=...",
        ) from error
    rows = [pending(*job) for job in zip(range(len(plans)), plans, overrides, strict=True)]
    write_rows(place / "sweep.json", rows)
    (place / COMMAND).write_text(command)
    _begun[:] = plans
    for tracker in {plan.stages["tracker"] for plan in plans}:
        tracker.open(state_dir).reap()
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
        network=plan.options["model"],
        options=plan.options,
        overrides=list(overrides),
    )


def record(place: Path, rows: Sequence[Row]) -> None:
    """Keep one job's rows, in a file of their own so that jobs on other machines cannot collide."""
    place.mkdir(parents=True, exist_ok=True)
    write_rows(place / f"job-{rows[0].job}.json", rows)


def finish(error: BaseException | None, *, shown: bool = True) -> list[Row]:
    """Record what came of the command and, if `shown`, print it; nothing to do if it never began."""
    if not _begun:
        return []
    plan = _begun[0]
    _begun.clear()
    state_dir = Path(plan.settings.state_dir).absolute()
    place = folder(state_dir)
    results = history.of_command(place)
    outcome = list(results.rows)
    write_rows(place / "sweep.json", outcome)
    if shown:
        report.show(results, report.console())
    files = []
    if results.finished:
        files = [
            write_csv(results, place / "results.csv"),
            figures.accuracy(results, place / "accuracy.png"),
        ]
    parent = place / PARENT
    if parent.exists():
        files += sorted(place.glob("study-*/*"))
        tracker = plan.stages["tracker"].open(state_dir)
        tracker.close_parent(parent.read_text(), _ending(outcome, error), artifacts=files)
    return outcome


def _ending(outcome: Sequence[Row], error: BaseException | None) -> str:
    if error is not None and not isinstance(error, Exception):
        return "KILLED"
    return "FINISHED" if all(row.done for row in outcome) else "FAILED"
