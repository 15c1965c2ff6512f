"""Draw accuracy against budget for `auto` and what it is compared with, data sets side by side.

    python scripts/budgets.py cases=mnist,fashion,digits,cifar budgets=50,200,600,2400 data_dir=data seeds=3

The cases are those of `scripts/auto_study.py`, here with their own test sets, which are read once for every
training. What is changed in a case is changed in the rows to learn from; only noise and turns are in the test
images, too. Budgets of more than half of the training rows are left out. Anything else is a setting of
train.py. Writes `budgets.png` and `budgets.csv` to `out`, and prints the same table as that script. Some
cases need a file, as described there.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auto_study import CASES, Changed, markdown, plan_for, tried
from settings import split_settings

from winnow.command.ending import guard
from winnow.errors import InvalidValue
from winnow.report.style import colour_and_marker, new_figure, save_figure, save_table

SELECTORS = ("nearest", "random", "furthest", "uniform", "auto")
TITLES = {"mnist": "MNIST, LeNet-5", "fashion": "Fashion-MNIST, LeNet-5", "digits": "digits (8 x 8), MLP"}
TITLES |= {"cifar": "CIFAR-10 features, MLP"}


def main() -> None:
    """Train, show, draw."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given, overrides = split_settings(
        cases=",".join(TITLES), budgets="50,200,600,2400", seeds="3", out="state"
    )
    names, budgets = given["cases"].split(","), sorted(map(int, given["budgets"].split(",")))
    if unknown := set(names) - CASES.keys():
        raise InvalidValue(f"cases must be of {', '.join(CASES)}, got {', '.join(sorted(unknown))}")
    records = {name: measured(name, budgets, int(given["seeds"]), overrides) for name in names}
    lines = [each for name in names for each in records[name]]
    save_table(lines, Path(given["out"]) / "budgets.csv")
    print(markdown(lines, SELECTORS))
    print(draw(records, Path(given["out"]) / "budgets.png"))


def measured(name: str, budgets: Sequence[int], seeds: int, overrides: Sequence[str]) -> list[dict[str, Any]]:
    """Return a record for every budget of one data set."""
    source = Changed(plan_for(name, overrides).stages.dataset, name)
    rows = source.load().n
    plans = {
        (budget, selector): plan_for(name, [*overrides, f"selector={selector}", f"k={budget}"])
        for budget in budgets
        if 2 * budget <= rows
        for selector in SELECTORS
    }
    return tried(name, source, plans, seeds)


def draw(records: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> Path:
    """Draw a panel for each data set: medians, and the range of the repetitions of `auto`."""
    figure, panels = new_figure(len(records), width=3.6, height=3.6)
    for axes, (name, lines) in zip(panels, records.items(), strict=True):
        budgets = [line["budget"] for line in lines]
        for number, selector in enumerate(SELECTORS):
            color, marker = colour_and_marker(number)
            medians = [line[selector] for line in lines]
            width = 2.4 if selector == "auto" else 1.2
            axes.plot(budgets, medians, color=color, marker=marker, ms=4, lw=width, label=selector)
        accuracies = [line["auto_accuracies"] for line in lines]
        axes.fill_between(
            budgets, *map(list, (map(min, accuracies), map(max, accuracies))), color=color, alpha=0.2
        )
        axes.set(xscale="log", xlabel="rows kept", title=TITLES.get(name, name))
        axes.set_xticks(budgets, [f"{budget:,}" for budget in budgets])
        axes.minorticks_off()
        # What is far below all others would hide how these differ.
        lowest = min(line[selector] for line in lines for selector in SELECTORS if selector != "furthest")
        highest = max(line[selector] for line in lines for selector in SELECTORS)
        axes.set_ylim(lowest - 0.12 * (highest - lowest), highest + 0.06 * (highest - lowest))
    panels[0].set_ylabel(f"test accuracy, %, median of {lines[0]['n']}")
    panels[-1].legend(loc="lower right")
    return save_figure(figure, path, dpi=110)


if __name__ == "__main__":
    sys.exit(guard(main))
