"""Results to look at: the line after each job, and the table after a sweep.

Medians and spread over repetitions, never the best; every selector beside the uniform baseline of the
same budget, as a paired difference with its 95 % bootstrap interval and its exact p, adjusted for the
number of comparisons in the table.
"""

from collections.abc import Mapping, Sequence
from statistics import median

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from winnow.report.comparison import Comparison, paired_difference, pairs_needed, smallest_possible_p
from winnow.report.rows import STAGES, Row, adjusted_p, by_setting

# What may set apart two rows of one selector, besides k and budget.
CHOICES = ("selector.", "embedding", "clusterer", "dynamics.")
NUMBERS = (
    "k",
    "budget",
    "n",
    "median\n%",
    "min to max",
    "against uniform",
    "won",
    "p\nHolm",
    "worst\nclass",
    "select\ns",
    "train\nms",
)


def line(row: Row) -> str:
    """One line for one finished job."""
    low, high = min(row.accuracies), max(row.accuracies)
    text = (
        f"{row.selector} k={row.k} budget={row.budget}: {median(row.accuracies):.2f} % "
        f"({low:.2f} to {high:.2f}, n={len(row.accuracies)})"
    )
    if row.compared:
        text += f", {difference(row.comparison)} against uniform"
        for name, changes in row.transfer.items():
            on_network = paired_difference(changes["accuracies"], changes["baseline"])
            text += f", on {name} {difference(on_network)}"
    return text + (" [cached]" if row.status == "cached" else f" in {sum(row.seconds.values()):.0f} s")


def difference(comparison: Comparison) -> str:
    """A paired difference with its interval, in points; a single pair has no interval.

    >>> difference(paired_difference([97.0, 96.0], [96.0, 95.0]))
    '+1.00 [+1.00, +1.00]'
    """
    if comparison.n == 1:
        return f"{comparison.mean:+.2f}"
    return f"{comparison.mean:+.2f} [{comparison.low:+.2f}, {comparison.high:+.2f}]"


def tables(rows: Sequence[Row]) -> list[Table]:
    """One table for every setting among the finished rows."""
    return [_table(title, group) for title, group in by_setting(rows)]


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(
        title=title,
        caption=_caption(rows),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("selector")
    for name in NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("cached", no_wrap=True)
    for index, (row, p) in enumerate(zip(rows, adjusted_p(rows), strict=True)):
        ends = index + 1 < len(rows) and rows[index + 1].budget != row.budget
        table.add_row(label(row, rows), *_cells(row, p), end_section=ends)
    return table


def label(row: Row, among: Sequence[Row]) -> str:
    """Name a row by its selector, and by how it was chosen where the same selector stands there twice.

    Below it, what its rows were worth on another network is named by that network.
    """
    if row.network:
        return f"  on {row.network}"
    alike = [other.options for other in among if other.selector == row.selector]
    names = {name for options in alike for name in options if name.startswith(CHOICES)} - {"clusterer.k"}
    differing = [name for name in sorted(names) if _sets_apart(name, alike)]
    told = (f"{name.removeprefix('selector.')}={row.options.get(name)}" for name in differing)
    return " ".join([row.selector, *told])


def _sets_apart(name: str, alike: Sequence[Mapping[str, str]]) -> bool:
    # That another embedding has other settings is said by its name.
    group = name.partition(".")[0]
    values = {(options.get(group), options.get(name)) for options in alike}
    return len(values) > (1 if name == group else len({option for option, _ in values}))


def _cells(row: Row, p: float | None) -> tuple[str, ...]:
    selecting = sum(row.seconds.get(stage, 0.0) for stage in STAGES[:-1])
    pairs = row.comparison
    return (
        str(row.k),
        str(row.budget),
        str(len(row.accuracies)),
        f"{median(row.accuracies):.2f}",
        f"{min(row.accuracies):.2f} to {max(row.accuracies):.2f}",
        _against_uniform(row),
        f"{pairs.wins}/{pairs.ties}/{pairs.losses}" if row.compared else "",
        "" if p is None else f"{p:.2g}",
        f"{median(row.worst_class):.1f}" if row.worst_class else "",
        _seconds(selecting),
        f"{1000 * row.seconds.get('train', 0.0) / len(row.accuracies):.0f}",
        "yes" if row.status == "cached" else "no",
    )


def _against_uniform(row: Row) -> str:
    if row.selector == "uniform":
        return "baseline"
    return difference(row.comparison) if row.compared else ""


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _caption(rows: list[Row]) -> str:
    text = (
        "against uniform: mean paired difference in points, 95 % BCa bootstrap interval; won: pairs"
        " won/tied/lost; p: exact sign-flip test, adjusted for all comparisons of this table; worst class:"
        " median accuracy on the class known least; select s: sum over the repetitions; train ms: mean of the"
        " trainings; both when computed."
    )
    notes = (_on_other_networks(rows), _equal_epochs(rows), _few_pairs(rows), _labels(rows), _classes(rows))
    return " ".join([text, *(note for note in notes if note)])


def _on_other_networks(rows: list[Row]) -> str:
    return "on ...: another network, trained on the same kept rows." if any(r.network for r in rows) else ""


def _equal_epochs(rows: list[Row]) -> str:
    if rows[0].options.get("trainer.match") != "epochs":
        return ""
    epochs = float(rows[0].options["trainer.epochs"])
    return (
        f"Equal epochs: every budget was trained for {epochs:g} passes over its rows, so a smaller one took"
        " fewer steps."
    )


def _few_pairs(rows: list[Row]) -> str:
    n = min(len(row.accuracies) for row in rows)
    if smallest_possible_p(n) <= 0.05:
        return ""
    return (
        f"With n={n} pairs no exact two-sided test reaches 5 % (smallest p {smallest_possible_p(n):.3g});"
        f" seeds={pairs_needed(0.05)} could, seeds={pairs_needed(0.01)} could reach 1 %. Intervals of so few"
        " are too short."
    )


def _labels(rows: list[Row]) -> str:
    readers = [
        f"{label(row, rows)} {row.labels_read}"
        for row in rows
        if row.labels_read > row.budget and not row.network
    ]
    return f"More labels read than rows kept: {', '.join(dict.fromkeys(readers))}." if readers else ""


def _classes(rows: list[Row]) -> str:
    lacking = [
        f"{label(row, rows)} budget={row.budget} {row.absent_classes} of {len(row.rows_of_class[0])}"
        for row in rows
        if row.absent_classes and not row.network
    ]
    return f"Classes without a kept row, at most: {', '.join(lacking)}." if lacking else ""


def console() -> Console:
    """Standard output; where it is not a terminal (a file, a pipe), wide enough for the tables."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=140)


def show(rows: Sequence[Row], to: Console) -> None:
    """Print the tables of the finished rows and, below them, the jobs of a sweep that have no result."""
    for table in tables(rows):
        to.print(table)
    for row in rows:
        # What became of a single job, the command's last line tells.
        if not row.done and len(rows) > 1:
            told = f"{row.status}: {' '.join(row.overrides)} {row.reason}"
            to.print(told, markup=False, soft_wrap=True)
