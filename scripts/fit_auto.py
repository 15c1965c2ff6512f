"""Try `auto` beside the selectors it mixes, on data of which no test part is made.

    python scripts/fit_auto.py cases=digits,table selector=nearest,random,furthest,uniform,auto \
        data_dir=data state_dir=state n_jobs=-1 seeds=3 [...]

The constants of `selector=auto` were chosen by this table, see `scripts/results/auto.md`. Every training set
is cut once more: rows are kept from one part, networks are tested on the other, and test sets are not read.
A line for every case and budget: the mean accuracy of every selector in percent, over paired repetitions, and
for `auto` what it measured in the first of them. Anything else is a setting of train.py
(`trainer.steps=3000`).

All trainings are cached. The table also goes to `state/fit_auto.csv`.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng
from settings import split_settings
from sklearn.model_selection import train_test_split

from winnow.command.configuration import composed
from winnow.command.ending import guard
from winnow.command.executor import Executor
from winnow.command.plan import Plan
from winnow.command.scheduler import Assignment, Scheduler
from winnow.errors import InvalidValue
from winnow.pipeline import Repetition
from winnow.report.style import save_table
from winnow.stages import Source
from winnow.store.cache import Cache
from winnow.types import Dataset

CONF = Path(__file__).parents[1] / "conf"
HELD_OUT = 1 / 6
MEASURED = ("ratio", "pace", "tilt")


def unchanged(dataset: Dataset, rng: Generator) -> Dataset:
    """Leave everything as it is."""
    return dataset


def few(dataset: Dataset, rng: Generator) -> Dataset:
    """Leave 5,000 rows to choose from."""
    rows = np.sort(rng.permutation(dataset.n)[:5000])
    return replace(dataset, x=dataset.x[rows], y=dataset.y[rows])


def grained(dataset: Dataset, rng: Generator) -> Dataset:
    """Cover every image with noise."""

    def grain(x: np.ndarray) -> np.ndarray:
        return np.clip(x + rng.normal(0, 80, x.shape).astype(np.float32), 0, 255).astype(np.uint8)

    return replace(dataset, x=grain(dataset.x), x_test=grain(dataset.x_test))


def turned(dataset: Dataset, rng: Generator) -> Dataset:
    """Turn every image by some quarters: there are four times as many kinds of each class."""

    def turn(x: np.ndarray) -> np.ndarray:
        quarters, result = rng.integers(4, size=len(x)), np.array(x)
        for quarter in range(1, 4):
            result[quarters == quarter] = np.rot90(x[quarters == quarter], quarter, axes=(2, 3))
        return result

    return replace(dataset, x=turn(dataset.x), x_test=turn(dataset.x_test))


@dataclass(frozen=True)
class Case:
    """A training set, how it is learnt, what is changed in it, and the budgets tried."""

    settings: Sequence[str]
    budgets: Sequence[int]
    change: Callable[[Dataset, Generator], Dataset] = unchanged


MNIST, MLP = "dataset=mnist", "model=mlp"
AUGMENTED = ("augment=affine_elastic", "trainer.steps=3000", "trainer.learning_rate=0.005", "model.dropout=0")
PHOTOGRAPHS = ("dataset=image_folder", "dataset.folder=${data_dir}/cats_dogs", "dataset.size=32")
TABLE = ("dataset=classification", "dataset.rows=10000", "dataset.features=20", "embedding=identity")
CASES: Mapping[str, Case] = {
    "mnist": Case([MNIST], [50, 100, 200, 300, 600, 1200, 2400, 5000]),
    "mnist_bent": Case([MNIST, *AUGMENTED], [50, 100, 200]),
    "mnist_bent_less": Case([MNIST, *AUGMENTED, "augment.strength=0.65"], [300, 600, 1200, 2400, 5000]),
    "mnist_few": Case([MNIST], [50, 100, 300, 1200], few),
    "mnist_grained": Case([MNIST, MLP], [100, 300, 1200, 5000], grained),
    "mnist_turned": Case([MNIST, MLP], [100, 300, 1200, 5000], turned),
    "digits": Case(["dataset=digits", MLP], [20, 50, 100, 200, 400]),
    "table": Case([*TABLE, MLP], [50, 200, 800, 2400]),
    "photographs": Case([*PHOTOGRAPHS, "model=convnet"], [50, 200, 800, 2400]),
}


@dataclass(frozen=True)
class HeldOut(Source):
    """The training set of `source` as `case` changes it, a sixth of it set aside for judging."""

    source: Source
    case: str

    def load(self) -> Dataset:
        whole = self.source.load()
        rows, y = np.arange(whole.n), whole.y
        learnt, judging = train_test_split(rows, test_size=HELD_OUT, random_state=0, stratify=y)
        parts = whole.x[learnt], whole.y[learnt], whole.x[judging], whole.y[judging]
        return CASES[self.case].change(Dataset(self.case, *parts, whole.classes), default_rng(0))


def main() -> None:
    """Train, show, write."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given, overrides = split_settings(
        cases=",".join(CASES), selector="nearest,random,furthest,uniform,auto", seeds="3"
    )
    if unknown := set(names := given["cases"].split(",")) - CASES.keys():
        raise InvalidValue(f"cases must be of {', '.join(CASES)}, got {', '.join(sorted(unknown))}")
    records = []
    for name in names:
        plans = {
            (budget, selector): plan_for(name, [*overrides, f"selector={selector}", f"k={budget}"])
            for budget in CASES[name].budgets
            for selector in given["selector"].split(",")
        }
        records += tried(name, plans, int(given["seeds"]))
        state = Path(next(iter(plans.values())).settings.state_dir)
        table = save_table(records, state / "fit_auto.csv")
    print(table)


def plan_for(name: str, overrides: Sequence[str]) -> Plan:
    """Return the plan for one selector at one budget of a case."""
    return composed(CONF, [*CASES[name].settings, *overrides])


def tried(name: str, plans: Mapping[tuple[int, str], Plan], seeds: int) -> list[dict[str, Any]]:
    """Train what the plans of one case say; return a record for every budget."""
    first = next(iter(plans.values()))
    source = HeldOut(first.stages.dataset, name)
    dataset, cache = source.load(), Cache(Path(first.settings.state_dir).absolute() / "cache")
    repeated = {
        cell: [Repetition(plan.method, dataset, cache, number) for number in range(seeds)]
        for cell, plan in plans.items()
    }
    executor = Executor(first.settings.n_jobs)
    executor.start()
    # Here, not in a worker: all of them would wait for the one.
    _ = next(iter(repeated.values()))[0].embedding.value
    scheduler = Scheduler(executor, iter(()))
    scheduler.add(Assignment(each, source) for repetitions in repeated.values() for each in repetitions)
    records: dict[int, dict[str, Any]] = {}
    for (budget, selector), repetitions in repeated.items():
        record = records.setdefault(budget, {"case": name, "budget": budget, "n": seeds})
        record[selector] = fmean(scheduler.score(each.key).accuracy for each in repetitions)
        notes = repetitions[0].subset.value.info["provenance"]
        record |= {measure: notes[measure] for measure in MEASURED if measure in notes}
    return list(records.values())


if __name__ == "__main__":
    sys.exit(guard(main))
