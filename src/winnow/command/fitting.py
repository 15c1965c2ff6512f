"""Decide what depends on the data set, and refuse at once all that does not fit it, before any computation.

Where nothing was typed, the numbers of clusters and of kept rows, the components of the embedding and the
network follow the data; one line says what was taken. What was typed is never changed.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Any

from winnow import registry
from winnow.command.configuration import build_with
from winnow.command.plan import Plan
from winnow.errors import InvalidValue
from winnow.pool import Scale
from winnow.selector.from_file import FromFile
from winnow.stages import EMBEDS_TEST_ROWS, Model
from winnow.types import Dataset, Rows

MOST_CLUSTERS = 600
ROWS_OF_A_CLUSTER = 5
DEFAULT_MODEL = "lenet5"
MODEL_FOR_ANY_SHAPE = "mlp"


def fitted(plan: Plan, dataset: Dataset | Rows) -> Plan:
    """Return the plan with every number known, for a data set that it fits.

    Raises
    ------
    InvalidValue
        Naming everything that does not fit.
    """
    fit = _Fit(plan, dataset)
    changes = {**fit.sizes(), **fit.components(), **fit.model()}
    selector = fit.selector()
    fit.check_transfer()
    fit.check_embedding()
    if fit.faults:
        raise _all_in_one(fit.faults)
    if fit.said:
        _say(f"fitted to the data: {', '.join(fit.said)}")
    if plan.trains:
        plan.stages.trainer.check_device()
        if line := plan.stages.trainer.summary:
            _say(line)
    plan = build_with(plan, changes) if changes else plan
    if "X" in plan.stages.selector.needs:
        width = plan.stages.embedding.width(dataset.x.shape)
        settings = plan.settings
        plan.stages.selector.warn_of_cost(Scale(dataset.n, width, settings.budget, settings.k))
    return replace(plan, stages=replace(plan.stages, selector=selector)) if selector else plan


@dataclass
class _Fit:
    """What was found out about a plan and a data set: what is wrong, and what there is to say."""

    plan: Plan
    dataset: Dataset | Rows
    faults: list[InvalidValue] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def sizes(self) -> dict[str, Any]:
        """Return k and budget as numbers, as far as they are none yet."""
        settings, selector = self.plan.settings, self.plan.stages.selector
        k = self._size("k", settings.k, self._clusters(), "clustering" in selector.needs)
        # What is wrong with k is not said again about a budget that follows it.
        follows = bool(self.faults) and settings.budget == settings.k
        budget = self._size("budget", settings.budget, k, not (selector.keeps_everything or follows))
        known = {"k": (settings.k, k), "budget": (settings.budget, budget)}
        return {name: number for name, (asked, number) in known.items() if asked != number}

    def _clusters(self) -> int:
        """Return the number of clusters where none was typed: no more than rows are kept.

        Of more clusters only the largest would give a row, and those of rare rows none.
        """
        n, budget = self.dataset.n, self.plan.settings.budget
        most = min(MOST_CLUSTERS, max(1, n // ROWS_OF_A_CLUSTER))
        return most if budget is None else max(1, min(most, number_of_rows(budget, n)))

    def _size(self, name: str, asked: int | str | None, default: int, used: bool) -> int:
        n = self.dataset.n
        number = default if asked is None else number_of_rows(asked, n)
        if used and not 1 <= number <= n:
            self.faults.append(
                InvalidValue(
                    f"{name} must lie in [1, n={n}], got {number if asked == number else asked}",
                    where=f"{name}={asked}",
                    remedy=f"{self.dataset.name} has {n} training rows",
                )
            )
        elif used and asked != number:
            self._say_size(name, asked, number)
        return number

    def _say_size(self, name: str, asked: int | str | None, number: int) -> None:
        n = self.dataset.n
        if asked is not None:
            self.said.append(f"{name}={number} ({asked} of {n} training rows)")
        elif name == "k" and number < MOST_CLUSTERS:
            follows = number < max(1, n // ROWS_OF_A_CLUSTER)
            one_for = "each row that is kept" if follows else f"{ROWS_OF_A_CLUSTER} of {n} training rows"
            self.said.append(f"k={number} (one for {one_for})")

    def components(self) -> dict[str, Any]:
        """Return the sizes of the embedding that the data allow, where larger ones were not typed."""
        embedding = self.plan.stages.embedding
        if not ({"X", "clustering"} & self.plan.stages.selector.needs or self._reading_embedding):
            return {}
        changes = {}
        for name, most in embedding.limits(self.dataset.x.shape).items():
            if (value := getattr(embedding, name)) <= most:
                continue
            if self.plan.sets("embedding", name) or most < 1:
                fault = f"embedding.{name} must be at most {most} for {self._shape}, got {value}"
                self.faults.append(InvalidValue(fault, remedy=f"try embedding.{name}={most}"))
            else:
                changes[f"embedding.{name}"] = most
                self.said.append(f"embedding.{name}={most} (all that {self._shape} have)")
        return changes

    @property
    def _shape(self) -> str:
        return f"{self.dataset.n} rows of {' x '.join(map(str, self.dataset.x.shape[1:]))} values"

    def model(self) -> dict[str, Any]:
        """Return a network for rows of any shape, where the default one takes none of this shape."""
        name = registry.name_of(self.plan.stages.model)
        if not self._takes_network or (fault := self._refusal(self.plan.stages.model)) is None:
            return {}
        if name != DEFAULT_MODEL or self.plan.chooses("model"):
            self.faults.append(fault)
            return {}
        kind = registry.load("model", MODEL_FOR_ANY_SHAPE)
        self.said.append(f"model={MODEL_FOR_ANY_SHAPE} ({name} takes no rows of this shape)")
        return {"model": {"_target_": f"{kind.__module__}.{kind.__qualname__}"}}

    @property
    def _takes_network(self) -> bool:
        """Whether a network is trained: on the kept rows, or to choose them."""
        return self.plan.trains or self.plan.stages.selector.trains_network

    def _refusal(self, model: Model) -> InvalidValue | None:
        try:
            model.check_shape(self.dataset.x.shape[1:])
        except InvalidValue as fault:
            return fault
        return None

    def check_transfer(self) -> None:
        """Refuse other networks that cannot take the rows."""
        if self.plan.trains:
            refused = (self._refusal(model) for model in self.plan.transfer.values())
            self.faults += [fault for fault in refused if fault]

    @property
    def _reading_embedding(self) -> list[str]:
        """The networks that read the embedding, of those that are trained."""
        stages, transfer = self.plan.stages, self.plan.transfer if self.plan.trains else {}
        own = {registry.name_of(stages.model): stages.model} if self._takes_network else {}
        return [name for name, model in (own | transfer).items() if model.reads_embedding]

    def check_embedding(self) -> None:
        """Refuse what a network that reads the embedding cannot take."""
        if not self.plan.trains or not (reading := self._reading_embedding):
            return
        stages = self.plan.stages
        if not stages.embedding.embeds_test_rows:
            rule = (
                f"embedding must be able to embed test rows for model={reading[0]}, got {stages.embedding!r}"
            )
            self.faults.append(InvalidValue(rule, where="embedding", remedy=EMBEDS_TEST_ROWS))
        if (augment := registry.name_of(stages.augment)) != "none":
            rule = f"augment must be none for model={reading[0]}, which reads vectors, got {augment}"
            self.faults.append(InvalidValue(rule, where=f"augment={augment}", remedy="set augment=none"))

    def selector(self) -> FromFile | None:
        """Return the selector of the rows in a file with these found; those of other data are refused."""
        selector = self.plan.stages.selector
        return selector.fitted(self.dataset) if isinstance(selector, FromFile) else None


def number_of_rows(size: int | str, n: int) -> int:
    """Return the number of rows that a size stands for, of `n`; a share is rounded.

    >>> number_of_rows(50, 320), number_of_rows("20%", 320), number_of_rows("0.1 %", 320)
    (50, 64, 0)
    """
    return size if isinstance(size, int) else round(Fraction(size.rstrip("% ")) * n / 100)


def _all_in_one(faults: Sequence[InvalidValue]) -> InvalidValue:
    what, where, remedy = zip(*(fault.args for fault in faults), strict=True)
    remedies = dict.fromkeys(filter(None, remedy))
    return InvalidValue("; ".join(what), where=" ".join(filter(None, where)), remedy="; ".join(remedies))


@cache  # the jobs of a sweep would all say the same
def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
