"""Set all selectors side by side, budget by budget: python scripts/selector_table.py [state_dir=state].

Reads every finished job of `state_dir` and prints one Markdown table for each data set and way of training:
a line for each selector with its setting, a column for each budget with the median test accuracy and, in
brackets, the mean paired difference to a uniform random subset; how many training labels it reads; and the
seconds that choosing took for one repetition at the largest budget, embedding and clustering included.
`budgets=100,600,1200` shows only these. Lines are in the order of the last column. Nothing is trained.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from settings import settings

from winnow.command import sweep
from winnow.report import rows as results
from winnow.report import tables as report
from winnow.report.rows import STAGES, Row

UNKNOWN = float("-inf")


def table(rows: Sequence[Row], budgets: Sequence[int]) -> str:
    """One line for each way to choose, the best at the largest budget first."""
    lines: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        lines[report.label(row, rows)][row.budget] = row
    ranked = sorted(lines.items(), key=lambda line: _median(line[1].get(budgets[-1])), reverse=True)
    columns = [f"{budget:,} images" for budget in budgets]
    return "\n".join(
        [
            f"| selector | {' | '.join(columns)} | labels read | seconds to choose |",
            "| --- |" + " ---: |" * (len(columns) + 2),
            *(_line(name, found, budgets) for name, found in ranked),
        ]
    )


def _line(name: str, found: dict[int, Row], budgets: Sequence[int]) -> str:
    largest = found[max(found)]
    cells = [_cell(found.get(budget)) for budget in budgets]
    labels = "of kept rows" if largest.labels_read == largest.budget else f"{largest.labels_read:,}"
    chosen = sum(largest.seconds.get(stage, 0.0) for stage in STAGES[:-1]) / len(largest.accuracies)
    return f"| {name} | {' | '.join(cells)} | {labels} | {chosen:.1f} |"


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    against = "" if row.selector == "uniform" else f" ({row.comparison.mean:+.1f})"
    return f"{median(row.accuracies):.2f}{against}"


def _median(row: Row | None) -> float:
    return median(row.accuracies) if row else UNKNOWN


def shown(rows: Iterable[Row], wanted: Sequence[int]) -> str:
    """Every table under its title."""
    parts = []
    for title, group in results.by_setting(rows):
        own = [row for row in group if not row.network and (not wanted or row.budget in wanted)]
        if own:
            budgets = sorted({row.budget for row in own})
            n = min(len(row.accuracies) for row in own)
            parts.append(f"{title}, n={n} or more\n\n{table(own, budgets)}\n")
    return "\n".join(parts)


def main() -> None:
    """Gather and print."""
    given = settings(state_dir="state", budgets="")
    rows = sweep.finished(Path(given["state_dir"]))
    if not rows:
        print(f"no finished job in {given['state_dir']}: run one with python train.py")
        return
    print(shown(rows, [int(budget) for budget in given["budgets"].split(",") if budget]))


if __name__ == "__main__":
    main()
