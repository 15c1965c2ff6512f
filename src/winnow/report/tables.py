"""Results to look at: the line after each job, and the table after a sweep.

Medians and spread over repetitions, never the best; every selector beside the uniform baseline of the
same budget, as a paired difference with its 95 % interval and its exact p, adjusted for the
number of comparisons in the table. A narrow terminal loses the least important columns, and is said which.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from rich.box import SIMPLE
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from winnow.report.comparison import ALPHA, Comparison, pairs_needed, smallest_possible_p
from winnow.report.escape import printable
from winnow.report.results import Results
from winnow.report.rows import STAGES, Row

NUMBERS = {
    "k": "k",
    "budget": "budget",
    "n": "n",
    "median": "median\n%",
    "min to max": "min to max",
    "against uniform": "against uniform",
    "won": "won",
    "p": "p\nHolm",
    "worst class": "worst\nclass",
    "select s": "select\ns",
    "train ms": "train\nms",
    "cached": "cached",
}
# From the column that a narrow terminal loses first; selector, k and median are never lost.
LEAST_IMPORTANT = (
    "cached",
    "train ms",
    "select s",
    "worst class",
    "won",
    "min to max",
    "p",
    "n",
    "against uniform",
    "budget",
)
EXPLAINED = {
    "against uniform": "mean paired difference in points, 95 % interval (Student's t)",
    "won": "pairs won/tied/lost",
    "p": "exact sign-flip test, adjusted for all comparisons of this table",
    "worst class": "median accuracy on the class known least",
    "select s": "sum over the repetitions when computed",
    "train ms": "mean of the trainings when computed",
}
NARROWEST_SELECTOR = 22  # characters; a longer name is broken where there is no room for it
WIDTH_OF_A_PIPE = 140
UNBOUNDED = 10_000


def line(rows: Sequence[Row]) -> str:
    """Return one line for a finished job, given all its rows."""
    results = Results(rows)
    own = [row for row in results.finished if not row.on_other_network]
    chosen = next((row for row in own if not row.is_own_baseline), own[-1])
    low, high = min(chosen.accuracies), max(chosen.accuracies)
    parts = [
        f"{chosen.selector} k={chosen.k} budget={chosen.budget}: {median(chosen.accuracies):.2f} % "
        f"({low:.2f} to {high:.2f}, n={len(chosen.accuracies)})"
    ]
    if results.is_compared(chosen):
        parts.append(f"{difference(results.comparison(chosen))} against uniform")
    parts += [
        f"on {row.network} {difference(results.comparison(row))}"
        for row in results.finished
        if row.on_other_network and results.is_compared(row)
    ]
    seconds = sum(sum(row.seconds.values()) for row in own)
    return printable(
        ", ".join(parts) + (" [cached]" if chosen.status == "cached" else f" in {seconds:.0f} s")
    )


def difference(comparison: Comparison) -> str:
    """Return a paired difference with its interval, in points; a single pair has no interval.

    Examples
    --------
    >>> from winnow.report.comparison import paired_difference
    >>> difference(paired_difference([97.0, 96.0], [96.0, 95.0]))
    '+1.00 [+1.00, +1.00]'
    """
    if comparison.n == 1:
        return f"{comparison.mean:+.2f}"
    return f"{comparison.mean:+.2f} [{comparison.low:+.2f}, {comparison.high:+.2f}]"


def console() -> Console:
    """Return standard output; where it is no terminal (a file, a pipe), wide enough for the tables."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=WIDTH_OF_A_PIPE)


def show(results: Results, to: Console) -> None:
    """Print the tables of the finished rows and, below them, the jobs without a result and the notes."""
    for table in tables(results, to):
        to.print(table)
    several = len({row.job for row in results.rows}) > 1
    # What became of a single job is said by the command's last line.
    lines = _unfinished([row for row in results.rows if several and not row.done])
    for each in [*lines, *results.notes]:
        to.print(Text(printable(each)), soft_wrap=True)


def _unfinished(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each job without a result; jobs that failed for one reason share a line.

    >>> failed = {"reason": "no data", "overrides": ["k=4"]}
    >>> list(_unfinished([Row(job, "failed", "random", 4, 4, **failed) for job in (0, 1)]))
    ['failed: k=4 and 1 more: no data']
    """
    of_reason: dict[tuple, list[Row]] = {}
    for row in rows:
        of_reason.setdefault((row.status, row.reason or row.job), []).append(row)
    for (status, _), (first, *others) in of_reason.items():
        more = f" and {len(others)} more:" if others else ""
        yield f"{status}: {' '.join(first.overrides)}{more} {first.reason}"


def tables(results: Results, to: Console) -> list[Table]:
    """Return one table for every setting among the finished rows, as wide as the console allows."""
    return [_fitting(title, group, to) for title, group in results.by_setting()]


@dataclass(frozen=True)
class _Line:
    """One line of a table, before it is known which columns there is room for."""

    label: str
    cells: Mapping[str, str]
    ends_section: bool


def _fitting(title: str, results: Results, to: Console) -> Table:
    """Leave out the least important columns until the others fit, and say which."""
    lines, lost = _lines(results), ()
    for count in range(len(LEAST_IMPORTANT) + 1):
        lost = LEAST_IMPORTANT[:count]
        table = _table(lines, [name for name in NUMBERS if name not in lost])
        table.columns[0].max_width = NARROWEST_SELECTOR
        # Measured with any room it may want: no measure is larger than the room given.
        needed = Measurement.get(to, to.options.update(width=UNBOUNDED), table).maximum
        if needed <= to.width:
            break
    table.columns[0].max_width = None
    table.title = Text(printable(title), style="table.title")
    table.caption = Text(printable(caption(results, lost)), style="table.caption")
    return table


def _lines(results: Results) -> list[_Line]:
    rows = results.finished
    return [
        _Line(
            printable(results.label(row)),
            cells(row, results, p),
            index + 1 < len(rows) and rows[index + 1].budget != row.budget,
        )
        for index, (row, p) in enumerate(zip(rows, results.adjusted_p, strict=True))
    ]


def _table(lines: Sequence[_Line], shown: Sequence[str]) -> Table:
    table = Table(
        title_justify="left",
        caption_justify="left",
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("selector", overflow="fold")
    for name in shown:
        table.add_column(NUMBERS[name], justify="left" if name == "cached" else "right", no_wrap=True)
    for line in lines:
        # As Text, which no word in brackets or between colons changes.
        shown_cells = (Text(line.cells[name]) for name in shown)
        table.add_row(Text(line.label), *shown_cells, end_section=line.ends_section)
    return table


def cells(row: Row, results: Results, p: float | None) -> dict[str, str]:
    """Return what a table says of a row, by the names of its columns; p is adjusted for the whole table."""
    selecting = sum(row.seconds.get(stage, 0.0) for stage in STAGES[:-1])
    pairs = results.comparison(row) if results.is_compared(row) else None
    return {
        "k": str(row.k),
        "budget": str(row.budget),
        "n": str(len(row.accuracies)),
        "median": f"{median(row.accuracies):.2f}",
        "min to max": f"{min(row.accuracies):.2f} to {max(row.accuracies):.2f}",
        "against uniform": _against_uniform(row, pairs),
        "won": f"{pairs.wins}/{pairs.ties}/{pairs.losses}" if pairs else "",
        "p": "" if p is None else f"{p:.2g}",
        "worst class": f"{median(row.worst_class):.1f}" if row.worst_class else "",
        "select s": _seconds(selecting),
        "train ms": f"{1000 * row.seconds.get('train', 0.0) / len(row.accuracies):.0f}",
        "cached": "yes" if row.status == "cached" else "no",
    }


def _against_uniform(row: Row, pairs: Comparison | None) -> str:
    if row.selector == "uniform":
        return "baseline"
    return difference(pairs) if pairs else ""


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def caption(results: Results, lost: Sequence[str], *, width: bool = True) -> str:
    """Return how to read a table and what to beware of; of columns lost for want of `width`, also which."""
    explained = "; ".join(f"{name}: {meaning}" for name, meaning in EXPLAINED.items() if name not in lost)
    notes = (
        explained and f"{explained}.",
        _lost(lost) if width else "",
        _on_other_networks(results.finished),
        _equal_epochs(results.finished),
        _few_pairs(results.finished),
        _labels(results),
        _classes(results),
    )
    return " ".join(note for note in notes if note)


def _lost(lost: Sequence[str]) -> str:
    return f"Not shown, for want of width: {', '.join(lost)}." if lost else ""


def _on_other_networks(rows: Iterable[Row]) -> str:
    several = any(row.on_other_network for row in rows)
    return "on ...: another network, trained on the same kept rows." if several else ""


def _equal_epochs(rows: Sequence[Row]) -> str:
    if rows[0].options.get("trainer.match") != "epochs":
        return ""
    epochs = float(rows[0].options["trainer.epochs"])
    return (
        f"Equal epochs: every budget was trained for {epochs:g} passes over its rows, so a smaller one took"
        " fewer steps."
    )


def _few_pairs(rows: Iterable[Row]) -> str:
    n = min(len(row.accuracies) for row in rows)
    if smallest_possible_p(n) <= ALPHA:
        return ""
    return (
        f"With n={n} pairs no exact two-sided test reaches 5 % (smallest p {smallest_possible_p(n):.3g});"
        f" seeds={pairs_needed(ALPHA)} could, seeds={pairs_needed(0.01)} could reach 1 %."
    )


def _labels(results: Results) -> str:
    readers = [
        f"{results.label(row)} {row.labels_read}"
        for row in results.finished
        if row.labels_read > row.budget and not row.on_other_network
    ]
    return f"More labels read than rows kept: {', '.join(dict.fromkeys(readers))}." if readers else ""


def _classes(results: Results) -> str:
    lacking = [
        f"{results.label(row)} budget={row.budget} {row.absent_classes} of {len(row.rows_of_class[0])}"
        for row in results.finished
        if row.absent_classes and not row.on_other_network
    ]
    return f"Classes without a kept row, at most: {', '.join(lacking)}." if lacking else ""
