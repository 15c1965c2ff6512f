"""What came of a run or of a whole sweep, in Markdown: a sentence, the table, and how to read it.

It stands first on the page of a run in MLflow, so it is short: where a table has more lines than there is
room for, the first are shown and the others counted.
"""

from collections.abc import Sequence

from winnow.report import tables
from winnow.report.escape import markdown
from winnow.report.results import Results

LONGEST = 7_500
"""Characters of a note; MLflow cuts off what is beyond 8,000."""
COLUMNS = ("k", "budget", "n", "median", "min to max", "against uniform", "won", "p", "worst class")


def of_run(results: Results) -> str:
    """Return the note of one way of choosing and its baseline."""
    return _fitted([markdown(tables.line(results.rows)), ""], results)


def of_sweep(results: Results, command: str) -> str:
    """Return the note of all jobs of a command.

    Parameters
    ----------
    results : the rows of the jobs.
    command : the words that were typed, without the program's name.
    """
    lines = [f"Best median of {_count(results)}: {_best(results)}", ""] if results.best else []
    unfinished = [row for row in results.rows if not row.done]
    lines += [f"{len(unfinished)} without a result.", ""] if unfinished else []
    return _fitted([*lines, f"Command: {markdown(command)}", ""], results)


def _best(results: Results) -> str:
    best = results.best
    baseline = results.baseline_of(best)
    return f"**{markdown(tables.line([*([baseline] if baseline is not best else []), best]))}**"


def _count(results: Results) -> str:
    tried = len([row for row in results.finished if not row.on_other_network and results.is_compared(row)])
    chosen = ", named after their test accuracy was seen" if tried > 1 else ""
    return f"{tried}{chosen}" if tried else "the baseline"


def _fitted(above: Sequence[str], results: Results) -> str:
    """Return the lines above, the tables and what explains them, as far as there is room."""
    room = LONGEST - sum(len(line) + 1 for line in above)
    parts = []
    for title, group in results.by_setting():
        part = _table(title, group, room)
        room -= len(part) + 1
        parts.append(part)
    return "\n".join([*above, *parts])


def _table(title: str, results: Results, room: int) -> str:
    lost = [name for name in tables.NUMBERS if name not in COLUMNS]
    head = [f"**{markdown(title)}**", "", _row(["selector", *COLUMNS])]
    head.append(_row(["---", *["--:"] * len(COLUMNS)]))
    rows = [
        _row(
            [
                markdown(results.label(row)),
                *(markdown(tables.cells(row, results, p)[name]) for name in COLUMNS),
            ]
        )
        for row, p in zip(results.finished, results.adjusted_p, strict=True)
    ]
    foot = ["", markdown(tables.caption(results, lost, width=False)), ""]
    room -= sum(len(line) + 1 for line in [*head, *foot]) + 60
    shown = 0
    while shown < len(rows) and (room := room - len(rows[shown]) - 1) >= 0:
        shown += 1
    more = (
        ["", f"{len(rows) - shown} more are in results.csv, among the artifacts."]
        if shown < len(rows)
        else []
    )
    return "\n".join([*head, *rows[:shown], *more, *foot])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
