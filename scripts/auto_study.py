"""Try `auto` beside the selectors it mixes, on data of which no test part is made.

    python scripts/auto_study.py cases=digits,table selector=nearest,random,furthest,uniform,auto \
        data_dir=data state_dir=state n_jobs=-1 seeds=5 [budgets=50,600] [...]

Every training set is cut once more: rows are kept from one part, networks are tested on the other, and test
sets are not read. A line for every case and budget: the median accuracy of every selector in percent, over
paired repetitions, and in brackets the median of the class that is known least; for `auto` its difference to
the best of the others, the mean paired difference to `uniform` with its interval, and the medians of what the
labels said: the agreement foretold, and the shares of typical and of hard rows. Anything else is a setting of
train.py (`trainer.steps=3000`). Three cases need a file in `data_dir`: `cifar.npz`, `pets.npz` and
`cancer.npz` are tables of features x with labels y, the first two made by `scripts/features.py` of CIFAR-10
and of photographs of cats and dogs, the third from scikit-learn's `load_breast_cancer`, scaled.

All trainings are cached. `state/auto_study.csv` holds every accuracy. What came of it, and of the quick
trials of `scripts/auto_probe.py`: scripts/results/auto.md.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from pathlib import Path
from statistics import median
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
from winnow.report.comparison import paired_difference
from winnow.report.style import save_table
from winnow.stages import Source
from winnow.store.cache import Cache
from winnow.types import Dataset, Score

CONF = Path(__file__).parents[1] / "conf"
HELD_OUT = 1 / 6
MEASURED = ("classes", "rarest", "agreement", "agreement_error", "typical", "hard")


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


def mislabelled(dataset: Dataset, rng: Generator) -> Dataset:
    """Give a tenth of the rows to learn from the label of another class."""
    wrong, others = rng.random(dataset.n) < 0.1, rng.integers(1, len(dataset.classes), dataset.n)
    return replace(dataset, y=np.where(wrong, (dataset.y + others) % len(dataset.classes), dataset.y))


def long_tailed(dataset: Dataset, rng: Generator) -> Dataset:
    """Thin the classes to learn from out, by equal factors from all rows of the first to 1 % of the last."""
    last = len(dataset.classes) - 1
    rows = np.flatnonzero(rng.random(dataset.n) < 0.01 ** (dataset.y / last))
    return replace(dataset, x=dataset.x[rows], y=dataset.y[rows])


def small(dataset: Dataset, rng: Generator) -> Dataset:
    """Leave 7,000 rows to choose from, of 14 x 14 pixels: about what USPS is."""

    def halved(x: np.ndarray) -> np.ndarray:
        blocks = x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2)
        return blocks.mean(axis=(3, 5)).round().astype(np.uint8)

    rows = np.sort(rng.permutation(dataset.n)[:7000])
    return replace(dataset, x=halved(dataset.x[rows]), y=dataset.y[rows], x_test=halved(dataset.x_test))


@dataclass(frozen=True)
class Case:
    """A training set, how it is learnt, what is changed in it, and the budgets tried."""

    settings: Sequence[str]
    budgets: Sequence[int]
    change: Callable[[Dataset, Generator], Dataset] = unchanged


MNIST, MLP = "dataset=mnist", "model=mlp"
FASHION = ("dataset=torchvision", "dataset.name=FashionMNIST")
AUGMENTED = ("augment=affine_elastic", "trainer.steps=3000", "trainer.learning_rate=0.005", "model.dropout=0")
PHOTOGRAPHS = ("dataset=image_folder", "dataset.folder=${data_dir}/cats_dogs", "dataset.size=32")
TABLE = ("dataset=classification", "dataset.rows=10000", "dataset.features=20", "embedding=identity")
CLASSES_100 = ("dataset.rows=20000", "dataset.features=32", "dataset.informative=16", "dataset.classes=100")
ALL, SOME, FEW = [50, 100, 200, 300, 600, 1200, 2400, 5000], [50, 200, 600, 2400], [20, 50, 100, 200]


def arrays(name: str) -> tuple[str, ...]:
    """Return the settings of a table of features in `data_dir`."""
    return ("dataset=arrays", f"dataset.file=${{data_dir}}/{name}.npz")


CASES: Mapping[str, Case] = {
    "mnist": Case([MNIST], ALL),
    "fashion": Case(FASHION, ALL),
    "mnist_mlp": Case([MNIST, MLP], SOME),
    "fashion_mlp": Case([*FASHION, MLP], SOME),
    "mislabelled": Case([MNIST], SOME, mislabelled),
    "long_tailed": Case([MNIST], SOME, long_tailed),
    "small": Case([MNIST, MLP], [50, 200, 600, 2400], small),
    "mnist_bent": Case([MNIST, *AUGMENTED, "augment.strength=0.65"], SOME),
    "grained": Case([MNIST, MLP], SOME, grained),
    "turned": Case([MNIST, MLP], SOME, turned),
    "digits": Case(["dataset=digits", MLP], [*FEW, 400]),
    "table": Case([*TABLE, MLP], SOME),
    "many_classes": Case([*TABLE, *CLASSES_100, MLP], [200, 600, 2400, 5000]),
    "cancer": Case([*arrays("cancer"), MLP, "embedding.components=30"], FEW),
    "cifar": Case([*arrays("cifar"), MLP], SOME),
    "pets": Case([*arrays("pets"), MLP], SOME),
    "photographs": Case([*PHOTOGRAPHS, "model=convnet"], SOME),
}


@dataclass(frozen=True)
class CaseData(Source):
    """The training set of `source` as `case` changes it, a sixth of it set aside for judging.

    The cut is scikit-learn's own, rows in the order in which it draws them: the published results are of it.
    `HeldOut` of `winnow.dataset` leaves rows in their order and gives every class a row to judge by, so that
    it would set other rows aside.
    """

    source: Source
    case: str

    def load(self) -> Dataset:
        whole = self.source.load()
        rows, y = np.arange(whole.n), whole.y
        learnt, judging = train_test_split(rows, test_size=HELD_OUT, random_state=0, stratify=y)
        parts = whole.x[learnt], whole.y[learnt], whole.x[judging], whole.y[judging]
        return CASES[self.case].change(Dataset(self.case, *parts, whole.classes), default_rng(0))


@dataclass(frozen=True)
class Changed(Source):
    """The data set of `source` with its own test set, as `case` changes it."""

    source: Source
    case: str

    def load(self) -> Dataset:
        return CASES[self.case].change(self.source.load(), default_rng(0))


def main() -> None:
    """Train, show, write."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given, overrides = split_settings(
        cases=",".join(CASES), budgets="", selector="nearest,random,furthest,uniform,auto", seeds="3"
    )
    if unknown := set(names := given["cases"].split(",")) - CASES.keys():
        raise InvalidValue(f"cases must be of {', '.join(CASES)}, got {', '.join(sorted(unknown))}")
    records = []
    for name in names:
        plans = {
            (budget, selector): plan_for(name, [*overrides, f"selector={selector}", f"k={budget}"])
            for budget in map(int, given["budgets"].split(",") if given["budgets"] else CASES[name].budgets)
            for selector in given["selector"].split(",")
        }
        source = CaseData(next(iter(plans.values())).stages.dataset, name)
        records += tried(name, source, plans, int(given["seeds"]))
        state = Path(next(iter(plans.values())).settings.state_dir)
        save_table(records, state / "auto_study.csv")
    print(markdown(records, given["selector"].split(",")))


def plan_for(name: str, overrides: Sequence[str]) -> Plan:
    """Return the plan for one selector at one budget of a case."""
    return composed(CONF, [*CASES[name].settings, *overrides])


def tried(
    name: str, source: Source, plans: Mapping[tuple[int, str], Plan], seeds: int
) -> list[dict[str, Any]]:
    """Train what the plans of one case say; return a record for every budget."""
    first = next(iter(plans.values()))
    dataset, cache = source.load(), Cache(Path(first.settings.state_dir).absolute() / "cache")
    repeated = {
        cell: [Repetition(plan.method, dataset, cache, number) for number in range(seeds)]
        for cell, plan in plans.items()
    }
    executor = Executor(first.settings.n_jobs)
    executor.start()
    # Here, not in a worker: all of them would wait for the one.
    next(iter(repeated.values()))[0].embedding.finish()
    scheduler = Scheduler(executor, iter(()))
    scheduler.add(Assignment(each, source) for repetitions in repeated.values() for each in repetitions)
    records: dict[int, dict[str, Any]] = {}
    for (budget, selector), repetitions in repeated.items():
        scores = [scheduler.score(each.key) for each in repetitions]
        record = records.setdefault(budget, {"case": name, "budget": budget, "n": seeds})
        record |= summary(selector, scores)
        if selector == "auto":
            record |= evidence([each.subset.value.info["provenance"] for each in repetitions])
    executor.stop()
    return [record | against_uniform(record) for record in records.values()]


def summary(selector: str, scores: Sequence[Score]) -> dict[str, Any]:
    """Return what one selector came to: the median accuracy, that of the worst class, and every accuracy."""
    accuracies = [score.accuracy for score in scores]
    return {
        selector: median(accuracies),
        f"{selector}_worst_class": median(score.worst_class for score in scores),
        f"{selector}_accuracies": accuracies,
    }


def evidence(notes: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the medians of what `auto` measured; not a number for what it did not."""
    return {name: median(note.get(name, nan) for note in notes) for name in MEASURED}


def against_uniform(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mean paired difference of `auto` to `uniform`, and its interval, where both were tried."""
    if not {"auto", "uniform"} <= record.keys():
        return {}
    compared = paired_difference(record["auto_accuracies"], record["uniform_accuracies"])
    return {"difference": compared.mean, "low": compared.low, "high": compared.high}


def markdown(records: Sequence[Mapping[str, Any]], selectors: Sequence[str]) -> str:
    """Return a table of what the selectors came to, and of what is known of `auto` if it is among them.

    >>> record = {"case": "digits", "budget": 50, "nearest": 90.04, "nearest_worst_class": 69.4}
    >>> print(markdown([record], ["nearest"]))
    | data | rows | nearest |
    | --- | ---: | ---: |
    | digits | 50 | 90.0 (69) |
    """
    told = ["to the best", "to uniform", "agreement foretold", "shares"] if "auto" in selectors else []
    lines = [
        [
            each["case"],
            f"{each['budget']:,}",
            *(f"{each[name]:.1f} ({each[f'{name}_worst_class']:.0f})" for name in selectors),
            *(_told(each, selectors) if told else []),
        ]
        for each in records
    ]
    head = ["data", "rows", *selectors, *told]
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *lines))


def _told(record: Mapping[str, Any], selectors: Sequence[str]) -> Iterator[str]:
    others = [record[name] for name in selectors if name != "auto"]
    yield f"{record['auto'] - max(others):+.2f}" if others else ""
    compared = "difference" in record
    yield "{difference:+.1f} [{low:+.1f}, {high:+.1f}]".format(**record) if compared else ""
    asked = not isnan(record["agreement"])
    yield "{agreement:.2f} ± {agreement_error:.2f}".format(**record) if asked else "not asked"
    yield "{typical:.2f}, {hard:.2f}".format(**record)


if __name__ == "__main__":
    sys.exit(guard(main))
