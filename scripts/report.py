"""Show every finished job of a state folder: python scripts/report.py [state_dir=state].

One table for every data set and way of training, the same as after a sweep; `results.csv`, one figure for
each of them, and one page, `report.html`, go to `state/report`. Jobs that were run more than once are counted
once. Of results that differ in nothing but the code or the library versions that made them, the latest is
shown, and a line says what was left out.
"""

from pathlib import Path

from settings import settings

from winnow.command.record import versions_in_words
from winnow.report import figures, history
from winnow.report import tables as report
from winnow.report.page import HTML, page_of
from winnow.report.results import write_csv


def main() -> None:
    """Gather, show, draw."""
    state = Path(settings(state_dir="state")["state_dir"]).absolute()
    results = history.finished(state)
    report.show(results, report.console())
    if not results.finished:
        print(f"no finished job in {state}: run one with python train.py")
        return
    folder = state / "report"
    folder.mkdir(exist_ok=True)
    for number, (_, group) in enumerate(results.by_setting()):
        print(figures.accuracy(group, folder / f"accuracy-{number}.png"))
    print(write_csv(results, folder / "results.csv"))
    facts = {"command": f"python scripts/report.py state_dir={state}", "versions": versions_in_words()}
    pages = f"Pictures of kept rows are on the page of each command: {state / 'runs' / '*' / HTML}"
    for path in page_of(results, facts, pages).write(folder):
        print(path)


if __name__ == "__main__":
    main()
