"""The end of a command: its table, its files of results, and what the tracker keeps of them."""

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

from winnow.command import page, paths
from winnow.command.interruption import interruption
from winnow.command.job import Job
from winnow.command.record import rounded
from winnow.errors import JobsFailed, WinnowWarning
from winnow.report import figures, history, notes, tables
from winnow.report.results import Results, write_csv
from winnow.report.rows import Row, write_rows
from winnow.tracking import Ending, Run, Store, Tracker

COMMAND, PARENT = "command", "parent-run"


def finish(
    folder: Path,
    jobs: Sequence[Job],
    store: Store,
    tracker: Tracker,
    error: BaseException | None,
    *,
    shown: bool,
) -> Results:
    """Record what came of the command with this folder and, if `shown`, print it.

    Parameters
    ----------
    folder : the folder of the command, in which its jobs have written what became of them.
    jobs : the jobs, of whose rows the page shows some.
    store, tracker : where its runs are recorded.
    error : what ended the command before all jobs were done.
    shown : whether to print the table, and to write the page.
    """
    outcome = history.of_command(folder)
    write_rows(folder / "sweep.json", outcome.rows)
    files: list[Path] = []
    try:
        if shown:
            tables.show(outcome, tables.console())
        if outcome.finished:
            files.append(write_csv(outcome, folder / "results.csv"))
            files.append(figures.accuracy(outcome, folder / "accuracy.png"))
        if shown:
            files += page.write(folder, outcome, jobs, (folder / COMMAND).read_text())
            print("\n".join(paths.lines(folder, outcome.rows, tracker)), flush=True)
    finally:
        _send(folder, store, files, _ending(outcome.rows, error), outcome)
    return outcome


def raise_if_failed(outcome: Sequence[Row]) -> None:
    """Raise JobsFailed if a job failed."""
    failed = [row for row in outcome if row.status == "failed"]
    if failed:
        jobs = len({row.job for row in outcome})
        raise JobsFailed([(row.reason, row.exit_code) for row in failed], jobs)


def _send(folder: Path, store: Store, files: Sequence[Path], ending: Ending, outcome: Results) -> None:
    """End the run of the command with its files, and send what the tracker could not take before.

    Raises
    ------
    TryLater
        If it still cannot: then it is kept, and sent by the next command.
    """
    if (parent := folder / PARENT).exists():
        files = [*files, *sorted(folder.glob("study-*/*"))]
        summary = partial(_summarise, outcome=outcome, command=(folder / COMMAND).read_text())
        store.close_parent(parent.read_text(), ending, artifacts=files, summary=summary)
    if ending == "KILLED":
        store.reap()  # jobs that were launched in other processes may have died with their runs open
    if fault := store.send():
        if interruption.signal is None:
            raise fault
        warnings.warn(str(fault), WinnowWarning, stacklevel=2)  # the exit code is that of the signal


def _summarise(run: Run, outcome: Results, command: str) -> None:
    """Write the table of all jobs to the run of the command, and which of them was best."""
    if best := outcome.best:
        run.params({"best_selector": best.selector, "best_k": best.k, "best_budget": best.budget})
        baseline = outcome.baseline_of(best)
        numbers = {
            "best_test_acc_median": median(best.accuracies),
            "best_delta_uniform": outcome.comparison(best).mean if baseline else None,
            "best_uniform_median": median(baseline.accuracies) if baseline else None,
        }
        run.metrics(rounded({name: value for name, value in numbers.items() if value is not None}))
    run.note(notes.of_sweep(outcome, command))


def _ending(outcome: Sequence[Row], error: BaseException | None) -> Ending:
    if all(row.done for row in outcome):
        return "FINISHED"
    stopped = interruption.signal is not None or not isinstance(error, Exception | None)
    return "KILLED" if stopped else "FAILED"
