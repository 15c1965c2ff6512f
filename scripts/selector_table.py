"""Set all selectors side by side, budget by budget: python scripts/selector_table.py [state_dir=state].

Reads every finished job of `state_dir` and prints one Markdown table for each data set and way of training:
a line for each selector with its setting, a column for each budget with the median test accuracy and, in
brackets, the mean paired difference to a uniform random subset; how many training labels it reads; and the
seconds that choosing took for one repetition at the largest budget, embedding and clustering included.
`budgets=100,600,1200` shows only these. Lines are in the order of the last column. Nothing is trained.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from settings import settings

from winnow.report import history
from winnow.report.escape import markdown
from winnow.report.results import Results
from winnow.report.rows import STAGES, Row

UNKNOWN = float("-inf")


def table(results: Results, rows: Sequence[Row], budgets: Sequence[int]) -> str:
    """Return one line for each way to choose, the best at the largest budget first."""
    lines: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        lines[results.label(row)][row.budget] = row
    ranked = sorted(lines.items(), key=lambda line: _median(line[1].get(budgets[-1])), reverse=True)
    columns = [f"{budget:,} images" for budget in budgets]
    return "\n".join(
        [
            f"| selector | {' | '.join(columns)} | labels read | seconds to choose |",
            "| --- |" + " ---: |" * (len(columns) + 2),
            *(_line(name, found, budgets, results) for name, found in ranked),
        ]
    )


def _line(name: str, found: dict[int, Row], budgets: Sequence[int], results: Results) -> str:
    largest = found[max(found)]
    cells = [_cell(found.get(budget), results) for budget in budgets]
    labels = "of kept rows" if largest.labels_read == largest.budget else f"{largest.labels_read:,}"
    chosen = sum(largest.seconds.get(stage, 0.0) for stage in STAGES[:-1]) / len(largest.accuracies)
    return f"| {markdown(name)} | {' | '.join(cells)} | {labels} | {chosen:.1f} |"


def _cell(row: Row | None, results: Results) -> str:
    if row is None:
        return ""
    pairs = results.comparison(row)
    against = "" if row.selector == "uniform" or pairs is None else f" ({pairs.mean:+.1f})"
    return f"{median(row.accuracies):.2f}{against}"


def _median(row: Row | None) -> float:
    return median(row.accuracies) if row else UNKNOWN


def shown(results: Results, wanted: Sequence[int]) -> str:
    """Return every table under its title, and below them what was left out."""
    parts = []
    for title, group in results.by_setting():
        own = [
            row for row in group.finished if not row.on_other_network and (not wanted or row.budget in wanted)
        ]
        if own:
            budgets = sorted({row.budget for row in own})
            n = min(len(row.accuracies) for row in own)
            parts.append(f"{markdown(title)}, n={n} or more\n\n{table(group, own, budgets)}\n")
    return "\n".join([*parts, *map(markdown, results.notes)])


def main() -> None:
    """Gather and print."""
    given = settings(state_dir="state", budgets="")
    results = history.finished(Path(given["state_dir"]))
    if not results.finished:
        print(f"no finished job in {given['state_dir']}: run one with python train.py")
        return
    print(shown(results, [int(budget) for budget in given["budgets"].split(",") if budget]))


if __name__ == "__main__":
    main()
