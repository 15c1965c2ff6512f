"""Find how few training rows reach an accuracy.

    python scripts/smallest.py target=0.95 selector=nearest,random worst=false start=16 most=0 [...]

For every selector, and for uniform beside it: the smallest budget at which the median of the repetitions
(with `worst=true` every one of them) reaches `target`, between one row and `most` rows (0: half of those to
choose from), starting at `start`. Anything else is a setting of train.py (`dataset=mnist
augment=affine_elastic seeds=10`). The number of clusters follows the budget unless `k` is given.

The search does not read the test set. It chooses from five sixths of the training rows and is judged by the
others. At its end, each selector keeps as many rows as it was found to need, of all training rows, and the
test set is read once for each of these trainings, and for as many uniform rows beside it, whatever comes of
it.

Every run is an ordinary, tracked job, found again by the next search. The tables, the budgets tried and a
figure go to `state/smallest`, with a page, `report.html`, that says the answer in a sentence.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

from pydantic import Field
from settings import split_settings

from winnow.command.configuration import composed
from winnow.command.ending import guard
from winnow.command.fields import checked
from winnow.command.plan import Plan
from winnow.command.record import versions_in_words
from winnow.command.sweep import Sweep
from winnow.dataset._held_out import HeldOut
from winnow.dataset.auto import Auto
from winnow.errors import InvalidValue
from winnow.registry import name_of
from winnow.report import figures, smallest
from winnow.report.answer import Whole
from winnow.report.page import page_of
from winnow.report.results import Results
from winnow.report.rows import Row
from winnow.report.smallest import Curve, Target
from winnow.report.style import save_table
from winnow.report.tables import difference
from winnow.store.credentials import without_credentials
from winnow.types import Dataset

CONF = Path(__file__).parents[1] / "conf"
LEGEND = (
    "smallest: the smallest budget tried that reaches the target; crossing: where the curve of all budgets"
    " passes it,\nlow to high is its 95 % interval, inf beyond the budgets tried; times fewer: than uniform."
)


@dataclass(frozen=True)
class Search:
    """What this script decides itself."""

    target: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
    selector: Annotated[str, Field(min_length=1)]
    worst: bool
    start: Annotated[int, Field(ge=1)]
    most: Annotated[int, Field(ge=0)]


def main() -> None:
    """Search, show, draw."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given, overrides = split_settings(
        target="0.95", selector="nearest,random", worst="false", start="16", most="0"
    )
    search = checked(Search, {name: _plain(text) for name, text in given.items()})
    selectors = list(dict.fromkeys([*search.selector.split(","), "uniform"]))
    target = Target(100 * search.target, search.worst)
    # All selectors are looked at before the first of them is run.
    plan, *_ = [held_out(plan_for(selector, search.start, overrides)) for selector in selectors]
    dataset = plan.stages.dataset.load()
    rungs = smallest.ladder(_most(search.most, dataset))
    curves: dict[str, dict[int, Sequence[float]]] = {selector: {} for selector in selectors}
    tried: list[Row] = []
    while wanted := smallest.next_round(curves, target, rungs, search.start):
        print("trying", ", ".join(f"{name} {budget}" for name, budget in wanted.items()), flush=True)
        rows = run([held_out(plan_for(name, budget, overrides)) for name, budget in wanted.items()])
        tried += rows
        for row in rows:
            if not row.on_other_network:
                curves[row.selector][row.budget] = row.accuracies
    folder = tell(curves, target, plan, dataset)
    found = {name: smallest.smallest_budget(curve, target).smallest for name, curve in curves.items()}
    reached = {name: budget for name, budget in found.items() if budget}
    tested = on_test_set(reached, overrides) if reached else []
    if tested:
        print("\non the test set, read once, of all training rows:")
        print(save_table(tested, folder / "test.csv"))
    write_page(folder, Results(tried), target, dataset, tested)


def plan_for(selector: str, budget: int, overrides: Sequence[str]) -> Plan:
    """Return the job that tries one budget."""
    names = {word.lstrip("+").partition("=")[0] for word in overrides}
    if "budget" in names:
        raise InvalidValue("budget must be left to the search", remedy="bound it by start=... and most=...")
    clusters = [] if "k" in names else [f"k={budget}"]
    plan = composed(CONF, [*overrides, *clusters, f"selector={selector}", f"budget={budget}"])
    if plan.study or plan.settings.budget != budget or plan.stages.selector.keeps_everything:
        raise InvalidValue(f"selector must keep as many rows as the budget says, got {selector}")
    return plan


def held_out(plan: Plan) -> Plan:
    """Return the same job, judged by a part of the training rows."""
    source = plan.stages.dataset
    source = source.decide() if isinstance(source, Auto) else source
    return replace(plan, stages=replace(plan.stages, dataset=HeldOut(source)))


def on_test_set(found: Mapping[str, int], overrides: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the budget found for each selector comes to on the test set: one record for each."""
    print("testing", ", ".join(f"{name} {budget}" for name, budget in found.items()), flush=True)
    results = Results(run([plan_for(selector, budget, overrides) for selector, budget in found.items()]))
    own = {(row.selector, row.budget): row for row in results.finished if not row.on_other_network}
    return [tested(own[name, budget], results) for name, budget in found.items()]


def tested(row: Row, results: Results) -> dict[str, Any]:
    """Return the record of one selector: its accuracies on the test set, in percent."""
    against = difference(results.comparison(row)) if results.is_compared(row) else ""
    return {
        "selector": row.selector,
        "budget": row.budget,
        "n": len(row.accuracies),
        "median": median(row.accuracies),
        "min": min(row.accuracies),
        "max": max(row.accuracies),
        "against uniform": against,
    }


def run(plans: Sequence[Plan]) -> Sequence[Row]:
    """Run one round as a sweep of its own."""
    words = ", ".join(f"{name_of(plan.stages.selector)} {plan.settings.budget}" for plan in plans)
    return Sweep.begin(plans, command=f"smallest: {words}").run(shown=False).rows


def tell(curves: Mapping[str, Curve], target: Target, plan: Plan, dataset: Dataset) -> Path:
    """Print the answers, write them down beside the budgets tried and the figure, and return the folder."""
    folder = Path(plan.settings.state_dir).absolute() / "smallest" / f"{datetime.now():%Y-%m-%d_%H-%M-%S.%f}"
    folder.mkdir(parents=True)
    title = f"{dataset.name}, {plan.stages.options()['model']}, augment={plan.stages.options()['augment']}"
    print(f"\n{title}: {target} of n={plan.settings.seeds}\n")
    print(save_table(smallest.answers(curves, target), folder / "smallest.csv"))
    print(f"\n{LEGEND}\n\nbudgets tried, with a star where the target is reached:")
    for selector, curve in curves.items():
        print(f"  {selector}: {smallest.budgets_tried(curve, target)}")
    save_table(smallest.tried(curves), folder / "tried.csv")
    print(figures.smallest(curves, target, title, folder / "smallest.png"))
    return folder


def write_page(
    folder: Path, results: Results, target: Target, dataset: Dataset, tested: Sequence[Mapping[str, Any]]
) -> None:
    """Write the page of the search, whose answer is the smallest budget, and what the test set says of it."""
    whole = Whole(dataset.n, "images" if dataset.x.ndim == 4 else "rows")
    words = " ".join(["python scripts/smallest.py", *sys.argv[1:]])
    facts = {
        "command": without_credentials(words),
        "versions": versions_in_words(),
        f"sha256 of {dataset.name}": dataset.checksum,
        "accuracies of the search": f"on {len(dataset.y_test):,} training rows held out, and no test row",
    }
    for each in tested:
        of = f"{each['min']:.2f} to {each['max']:.2f}, n={each['n']}"
        facts[f"test set, {each['budget']} rows by {each['selector']}"] = f"{each['median']:.2f} % ({of})"
    lists = f"The lists of kept rows are in the folders of the jobs: {folder.parents[1] / 'runs'}"
    for path in page_of(results, facts, lists, whole, target).write(folder):
        print(path)


def _most(most: int, dataset: Dataset) -> int:
    if most > dataset.n:
        raise InvalidValue(f"most must lie in [0, n={dataset.n}], got {most}")
    return most or max(1, dataset.n // 2)


def _plain(text: str) -> Any:
    """Read numbers and truth values; what is neither stays a string."""
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    sys.exit(guard(main))
