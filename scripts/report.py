"""Show every finished job of a state folder: python scripts/report.py [state_dir=state].

One table for every data set and way of training, the same as after a sweep; `results.csv` and one figure
for each of them go to `state/report`. Jobs that were run more than once are counted once.
"""

from itertools import groupby
from pathlib import Path

from settings import settings

from winnow.command import sweep
from winnow.report import figures
from winnow.report import rows as results
from winnow.report import tables as report


def main() -> None:
    """Gather, show, draw."""
    state = Path(settings(state_dir="state")["state_dir"]).absolute()
    rows = sweep.finished(state)
    if not rows:
        print(f"no finished job in {state}: run one with python train.py")
        return
    report.show(rows, report.console())
    folder = state / "report"
    folder.mkdir(exist_ok=True)
    results.write_csv(rows, folder / "results.csv")
    by_setting = sorted(rows, key=lambda row: row.setting)
    for number, (_, group) in enumerate(groupby(by_setting, lambda row: row.setting)):
        print(figures.accuracy(list(group), folder / f"accuracy-{number}.png"))
    print(folder / "results.csv")


if __name__ == "__main__":
    main()
