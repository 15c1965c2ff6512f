"""The table of a page: every number that a comparison gives, and what each column is sorted by."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from winnow.report.results import Results
from winnow.report.rows import STAGES, Row
from winnow.report.tables import difference

MOST_LINES = 200
COLUMNS = {
    "selector": "how the rows were chosen",
    "k": "number of clusters",
    "budget": "rows kept",
    "n": "repetitions",
    "median %": "median test accuracy",
    "min to max": "range of the repetitions",
    "against uniform": "mean paired difference in points, with its 95 % interval (Student's t)",
    "won": "pairs won, tied and lost",
    "p (Holm)": "exact sign-flip test, adjusted for all comparisons of this table",
    "worst class": "median accuracy on the class known least",
    "labels read": "training labels read to choose",
}
SECONDS = "seconds of this stage over all repetitions, when it was computed"
Cell = tuple[str, float | int | str]
"""What a cell shows, and what it is sorted by; an empty cell comes last."""


@dataclass(frozen=True)
class Line:
    """One way of choosing at one budget."""

    cells: Sequence[Cell]
    is_baseline: bool


def table_of(results: Results) -> tuple[dict[str, str], list[Line], int]:
    """Return the columns and the lines of the table of one setting, and how many more lines there would be.

    Of the stages, those have a column that took any time.
    """
    rows = list(zip(results.finished, results.adjusted_p, strict=True))
    stages = [stage for stage in STAGES if any(row.seconds.get(stage) for row, _ in rows)]
    lines = [_line(results, row, p, stages) for row, p in rows[:MOST_LINES]]
    return COLUMNS | {f"{stage} s": SECONDS for stage in stages}, lines, len(rows) - len(lines)


def _line(results: Results, row: Row, p: float | None, stages: Sequence[str]) -> Line:
    pairs = results.comparison(row) if results.is_compared(row) else None
    middle, low, high = median(row.accuracies), min(row.accuracies), max(row.accuracies)
    worst = median(row.worst_class) if row.worst_class else None
    label = results.label(row).strip()
    name = f"{label} ({row.selector})" if row.on_other_network else label
    cells: list[Cell] = [
        (name, name),
        (f"{row.k:,}", row.k),
        (f"{row.budget:,}", row.budget),
        (str(len(row.accuracies)), len(row.accuracies)),
        (f"{middle:.2f}", middle),
        (f"{low:.2f} to {high:.2f}", low),
        (difference(pairs), pairs.mean) if pairs else ("baseline" * (row.selector == "uniform"), ""),
        (f"{pairs.wins}/{pairs.ties}/{pairs.losses}", pairs.wins - pairs.losses) if pairs else ("", ""),
        ("", "") if p is None else (f"{p:.2g}", p),
        ("", "") if worst is None else (f"{worst:.1f}", worst),
        (f"{row.labels_read:,}", row.labels_read),
    ]
    seconds = [row.seconds.get(stage, 0.0) for stage in stages]
    return Line([*cells, *((f"{value:.1f}", value) for value in seconds)], row.selector == "uniform")


def stage_seconds(rows: Sequence[Row]) -> dict[str, float]:
    """Return what each stage took when it was computed: what rows share is counted once.

    All rows share the embedding, those of one k the clusters.

    >>> one = Row(0, "ok", "nearest", 9, 9, seconds={"embed": 2.0, "cluster": 1.0, "train": 3.0})
    >>> two = Row(0, "ok", "random", 9, 9, seconds={"embed": 2.0, "cluster": 1.0, "train": 4.0})
    >>> stage_seconds([one, two])
    {'embed': 2.0, 'cluster': 1.0, 'dynamics': 0.0, 'select': 0.0, 'train': 7.0}
    """
    totals = {stage: sum(row.seconds.get(stage, 0.0) for row in rows) for stage in STAGES}
    clusters: dict[int, float] = {}
    for row in rows:
        clusters[row.k] = max(clusters.get(row.k, 0.0), row.seconds.get("cluster", 0.0))
    embed = max((row.seconds.get("embed", 0.0) for row in rows), default=0.0)
    return totals | {"embed": embed, "cluster": sum(clusters.values())}
