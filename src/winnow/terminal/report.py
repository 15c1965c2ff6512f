"""`winnow report`: tables and figures of every finished job of a state folder."""

from collections.abc import Sequence
from pathlib import Path

from winnow.terminal._parser import Parser


def run(words: Sequence[str]) -> None:
    """Show all finished jobs, and write their table and figures."""
    parser = Parser("report", "Show every finished job; write a table, figures and a page to state/report.")
    parser.add_argument("--state-dir", default="state", metavar="FOLDER", help="where results are (state)")
    show(Path(parser.parse_args(words).state_dir))


def show(state_dir: Path) -> None:
    """Show one table for every data set and way of training, the same as after a sweep.

    `results.csv`, one figure for each table, and one page, `report.html`, go to `report` below the state
    folder. Jobs that were run more than once are counted once. Of results that differ in nothing but the code
    or the library versions that made them, the latest is shown, and a line says what was left out.
    """
    from winnow.command.record import versions_in_words
    from winnow.report import figures, history, tables
    from winnow.report.page import HTML, page_of
    from winnow.report.results import write_csv

    state = state_dir.absolute()
    results = history.finished(state)
    tables.show(results, tables.console())
    if not results.finished:
        print(f"no finished job in {state}: run one with winnow compare, or python train.py")
        return
    folder = state / "report"
    folder.mkdir(exist_ok=True)
    for number, (_, group) in enumerate(results.by_setting()):
        print(figures.accuracy(group, folder / f"accuracy-{number}.png"))
    print(write_csv(results, folder / "results.csv"))
    facts = {"command": f"winnow report --state-dir {state}", "versions": versions_in_words()}
    pages = f"Pictures of kept rows are on the page of each command: {state / 'runs' / '*' / HTML}"
    for path in page_of(results, facts, pages).write(folder):
        print(path)
