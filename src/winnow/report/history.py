"""What the commands of a state folder left: every finished row, of the latest code only.

A result is known by what was tried: data, training, selector, k, budget, network. Where the code or a
library has changed since, the same trial has two results; they are never mixed nor counted in one family of
p values: the latest is kept, and a line says how many were left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from winnow.errors import InvalidValue
from winnow.report.results import Results
from winnow.report.rows import Row, read_rows

NAMED = 3  # results that a note names; the others it counts


def of_command(folder: Path) -> Results:
    """Return every job of one command with the latest that is known of it, baselines among them.

    `sweep.json` lists all jobs; `job-*.json` holds the rows of one that has ended. A file that cannot be
    read is left out, and a note says why.
    """
    notes: list[str] = []
    listed: dict[int, list[Row]] = {}
    for row in _read(folder / "sweep.json", notes):
        listed.setdefault(row.job, []).append(row)
    for path in folder.glob("job-*.json"):
        ended = _read(path, notes)
        for job in {row.job for row in ended}:
            overrides = [row.overrides for row in listed.get(job, ()) if row.overrides]
            rows = [row for row in ended if row.job == job]
            listed[job] = [replace(row, overrides=overrides[0]) if overrides else row for row in rows]
    return Results([row for job in sorted(listed) for row in listed[job]], notes)


def _read(path: Path, notes: list[str]) -> list[Row]:
    try:
        return read_rows(path)
    except InvalidValue as fault:
        notes.append(str(fault))
        return []


def finished(state_dir: Path) -> Results:
    """Return every finished row that any command left in a state folder, those of the latest code."""
    folders = sorted({path.parent for path in (state_dir / "runs").glob("*/*.json")} - {state_dir / "runs"})
    commands = [of_command(folder) for folder in folders]
    rows, left_out = latest([row for row in command.rows if row.scored] for command in commands)
    unread = [note for command in commands for note in command.notes]
    return Results(rows, [*_unread(unread), *_superseded(left_out)])


def latest(commands: Iterable[Sequence[Row]]) -> tuple[list[Row], list[Row]]:
    """Split the scored rows of commands, oldest first, into those of the latest code and all others.

    A row is superseded by a later one of the same trial that other code made. It is superseded too when
    uniform rows of its setting were made by other code later: these have no code but that of the training,
    which all rows of a setting have in common.
    """
    training: dict[tuple, str] = {}
    code: dict[tuple, str] = {}
    trained: dict[tuple, tuple[Row, str]] = {}
    for rows in commands:
        training |= {row.setting: row.code for row in rows if row.selector == "uniform"}
        code |= {row.cell: row.code for row in rows}
        trained |= {(row.cell, row.key): (row, training.get(row.setting, "")) for row in rows}
    kept, left_out = [], []
    for row, by in trained.values():
        current = row.code == code[row.cell] and by in ("", training.get(row.setting, ""))
        (kept if current else left_out).append(row)
    return kept, left_out


def _unread(notes: Sequence[str]) -> list[str]:
    if not notes:
        return []
    more = f" (and {len(notes) - 1} files more)" if len(notes) > 1 else ""
    return [f"left out: {notes[0]}{more}"]


def _superseded(rows: Sequence[Row]) -> list[str]:
    names = list(dict.fromkeys(f"{row.selector} k={row.k} budget={row.budget}" for row in rows))
    if not names:
        return []
    named = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    results = f"{len(rows)} result{'s' * (len(rows) > 1)}"
    return [
        f"left out: {results} of earlier code or library versions: {named}"
        " | type their line again to compute them with the present ones"
    ]
