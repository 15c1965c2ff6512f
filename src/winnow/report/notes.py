"""What came of a run or of a whole sweep, in Markdown: a sentence, the table, and how to read it.

It stands first on the page of a run in MLflow, so it is short: where a table has more lines than there is
room for, the first are shown and the others counted.
"""

from collections.abc import Sequence
from statistics import median

from winnow.report import tables
from winnow.report.escape import markdown, printable
from winnow.report.results import Results
from winnow.report.rows import Row

LONGEST = 7_500
"""Characters of a note; MLflow cuts off what is beyond 8,000."""
MOST_OF_A_COMMAND = 1_000
COUNTING_LINE = 60
"""Characters at most of the line that counts the rows for which there is no room."""
COLUMNS = ("k", "budget", "n", "median", "min to max", "against uniform", "won", "p", "worst class")


def of_run(results: Results) -> str:
    """Return the note of one way of choosing and its baseline."""
    chosen = results.best
    return _fitted([_sentence(results, chosen), ""], results) if chosen else ""


def of_sweep(results: Results, command: str) -> str:
    """Return the note of all jobs of a command.

    Parameters
    ----------
    results : the rows of the jobs.
    command : the words that were typed, without the program's name.
    """
    lines = [_best(results, results.best), ""] if results.best else []
    unfinished = {row.job for row in results.rows if not row.done}
    lines += [f"Jobs without a result: {len(unfinished)}.", ""] if unfinished else []
    return _fitted(lines, results, below=f"Command: {markdown(printable(command)[:MOST_OF_A_COMMAND])}")


def _best(results: Results, best: Row) -> str:
    rivals = [row for row in results.finished if not row.on_other_network and results.is_compared(row)]
    beware = f" The best median of {len(rivals)}, chosen by their test accuracy." if len(rivals) > 1 else ""
    return _sentence(results, best) + beware


def _sentence(results: Results, row: Row) -> str:
    own = f"{row.selector} k={row.k} budget={row.budget}: {median(row.accuracies):.2f} %"
    if not results.is_compared(row):
        return f"**{markdown(own)}**"
    baseline, pairs = results.baseline_of(row), results.comparison(row)
    against = f", {tables.difference(pairs)} against uniform with {median(baseline.accuracies):.2f} %."
    return f"**{markdown(own)}**{markdown(against)}"


def _fitted(above: Sequence[str], results: Results, below: str = "") -> str:
    """Return what stands above, the tables as far as there is room, each with its caption, and the rest."""
    room = LONGEST - sum(len(line) + 1 for line in [*above, below])
    parts = []
    for title, group in results.by_setting():
        part = _table(title, group, room)
        room -= len(part) + 1
        parts.append(part)
    return "\n".join([*above, *parts, below]).strip()


def _table(title: str, results: Results, room: int) -> str:
    lost = [name for name in tables.NUMBERS if name not in COLUMNS]
    head = [_row(["selector", *COLUMNS])]
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
    foot = ["", f"{markdown(title)}. {markdown(tables.caption(results, lost, width=False))}", ""]
    room -= sum(len(line) + 1 for line in [*head, *foot]) + COUNTING_LINE
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
