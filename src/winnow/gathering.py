"""Gather repetitions that can be trained together, until the result of one of them is wanted.

By then the baseline, the method and the jobs after it have asked for theirs, and all that have the budget,
network and recipe in common go into one batch. A training that fails takes no other with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from winnow.cache import Entry
from winnow.pipeline import Pipeline, Score, subset_of
from winnow.types import Subset, Trained

# Fewer keep a GPU busy with LeNet-5, and what an interruption costs is one batch.
AT_ONCE = 64


@dataclass(eq=False)
class Gathered:
    """Stands in for a future: one repetition, trained with its group when its result is asked for.

    `rows_chosen` returns when its rows are chosen, which may be going on elsewhere.
    """

    group: "Group"
    pipeline: Pipeline
    repetition: int
    rows_chosen: Callable[[], Any]
    outcome: Trained | Entry | Exception | None = None

    def result(self) -> Score:
        while self.outcome is None:
            self.group.train_next()
        return self._score

    @cached_property
    def _score(self) -> Score:
        match self.outcome:
            case Exception():
                raise self.outcome
            case Entry():
                return self.pipeline.score(self.outcome)
            case _:
                return self.pipeline.score(self.pipeline.train(self.repetition, self.outcome))

    def subset(self) -> Subset | None:
        """Return the rows to train on, unless that was done before or they cannot be chosen."""
        try:
            self.outcome = self.pipeline.finished(self.repetition)
            if self.outcome is not None:
                return None
            self.rows_chosen()
            return subset_of(self.pipeline.select(self.repetition))
        except Exception as error:  # raised to whoever asks for the result
            self.outcome = error
            return None

    def store(self) -> None:
        """Store what came of the training now: its turn to be asked may never come."""
        if isinstance(self.outcome, Trained):
            _ = self._score


def in_common(pipeline: Pipeline) -> tuple:
    """Return what repetitions must have in common to be of one group."""
    method = pipeline.method
    shared = (method.trained, method.augment, method.trainer, method.seed)
    return pipeline.dataset.checksum, pipeline.budget, *shared


@dataclass(eq=False)
class Group:
    """Repetitions that differ in nothing but their rows and their random streams."""

    waiting: list[Gathered] = field(default_factory=list)

    def add(self, pipeline: Pipeline, repetition: int, rows_chosen: Callable[[], Any]) -> Gathered:
        """Let one more repetition wait."""
        self.waiting.append(Gathered(self, pipeline, repetition, rows_chosen))
        return self.waiting[-1]

    def train_next(self) -> None:
        """Train those that have waited longest."""
        batch = self.waiting[:AT_ONCE]
        del self.waiting[:AT_ONCE]
        subsets = {each: subset for each in batch if (subset := each.subset()) is not None}
        if not subsets:
            return
        pipeline = next(iter(subsets)).pipeline
        method = pipeline.method
        try:
            outcomes = method.trainer.train_together(
                pipeline.dataset,
                list(subsets.values()),
                method.trained,
                method.augment,
                seed=method.seed,
                repetitions=[each.repetition for each in subsets],
            )
        except Exception as error:  # raised to whoever asks for a result
            outcomes = [error] * len(subsets)
        for each, outcome in zip(subsets, outcomes, strict=True):
            each.outcome = outcome
        for each in subsets:
            each.store()
