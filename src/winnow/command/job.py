"""One job: a method and its baseline, every repetition of both, recorded, as rows about the outcome."""

import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from winnow.command.arm import Arm, Scores, arms_of
from winnow.command.fitting import fitted
from winnow.command.interruption import interruption
from winnow.command.plan import Plan
from winnow.command.rows import rows_of
from winnow.command.scheduler import Assignment
from winnow.errors import DatasetUnavailable, WinnowWarning
from winnow.registry import name_of
from winnow.report.rows import Row
from winnow.stages import Source
from winnow.store.cache import Cache
from winnow.store.credentials import without_credentials
from winnow.types import Dataset, Rows


@dataclass(frozen=True, eq=False)
class Job:
    """A plan as it was asked for, its place in the command, and what is to be computed for it.

    `unreadable` is what the jobs of a command know together of data sets that cannot be read: to find that
    out may take minutes, and is done once.
    """

    asked: Plan
    number: int
    cache: Cache
    unreadable: dict[Source, DatasetUnavailable] = field(default_factory=dict)

    @property
    def dataset(self) -> Dataset | Rows:
        """The data set, read and verified once in a command; the rows alone where nothing is trained."""
        source = self.asked.stages.dataset
        if source in self.unreadable:
            raise self.unreadable[source]
        try:
            if not self.asked.settings.select_only:
                return _load(source)
            return rows_of(source, self.asked.stages.selector, self.asked.stages.dynamics)
        except DatasetUnavailable as fault:
            self.unreadable[source] = fault
            raise

    @cached_property
    def plan(self) -> Plan:
        """The plan with all that depends on the data set decided; what does not fit it is refused."""
        return fitted(self.asked, self.dataset)

    @cached_property
    def arms(self) -> list[Arm]:
        """The baseline and, unless that is what was asked for, the chosen method."""
        return arms_of(self.plan, self.dataset, self.cache)

    @property
    def chosen(self) -> Arm:
        """The arm of the method that was asked for."""
        return self.arms[-1]

    @property
    def baseline(self) -> Arm:
        """The arm that the chosen one is compared with; it may be the same."""
        return self.arms[0]

    def embed(self) -> None:
        """Compute the embedding here if the job needs one: workers would all wait for the first of them."""
        if not self.is_embedded:
            name = name_of(self.plan.stages.embedding)
            print(f"embedding {self.dataset.n:,} rows by {name}", file=sys.stderr, flush=True)
        with interruption.interruptible():
            for arm in self.arms:
                for step in arm.embeddings():
                    step.finish()

    @property
    def is_embedded(self) -> bool:
        """Whether the repetitions can be computed without waiting for an embedding."""
        return all(step.found() for arm in self.arms for step in arm.embeddings())

    def assignments(self) -> list[Assignment]:
        """Return every repetition of every arm on every network."""
        source = self.asked.stages.dataset
        return [Assignment(each, source, arm.name) for arm in self.arms for each in arm.all_repetitions()]

    def found(self) -> dict[str, Scores] | None:
        """Return the scores of all arms by key if everything was computed before, else None."""
        scores: dict[str, Scores] = {}
        for arm in self.arms:
            found = {network: [each.found() for each in arm.repetitions(network)] for network in arm.networks}
            if not all(all(of_network) for of_network in found.values()):
                return None
            scores[arm.key] = found
        return scores

    def rows(self, pending: Row, status: str, scores: Mapping[str, Scores]) -> list[Row]:
        """Return one row for each arm on each network, those of the baseline first."""
        return [
            arm.row(pending, status, network, scores[arm.key][network], self.baseline)
            for arm in self.arms
            for network in arm.networks
        ]


def pending(number: int, plan: Plan) -> Row:
    """Return the row of a job that has not run yet; sizes that the data set will decide are 0."""
    settings, options = plan.settings, plan.stages.options()
    return Row(
        job=number,
        status="pending",
        selector=options["selector"],
        network=options["model"],
        k=settings.k if isinstance(settings.k, int) else 0,
        budget=settings.budget if isinstance(settings.budget, int) else 0,
        options=options,
        overrides=[without_credentials(word) for word in plan.overrides],
    )


@lru_cache(maxsize=1)
def _load(source: Source) -> Dataset:
    with interruption.interruptible():
        dataset = source.load()
    if dataset.y.min() == dataset.y.max():
        message = "all training rows are of one class: there is nothing to tell apart"
        warnings.warn(message, WinnowWarning, stacklevel=2)
    return dataset
