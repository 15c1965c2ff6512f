"""Gather repetitions that can be trained together, until the result of one of them is wanted.

By then the baseline, the method and the jobs after it have asked for theirs, and all that have the budget,
network and recipe in common go into one batch. A training that fails takes no other with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from winnow.pipeline import Pipeline, Score, subset_of
from winnow.streams import Streams
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
    outcome: Score | Exception | None = None

    def result(self) -> Score:
        while self.outcome is None:
            self.group.train_next()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def subset(self) -> Subset | None:
        """Return the rows to train on, unless that was done before or they cannot be chosen."""
        try:
            if (found := self.pipeline.finished(self.repetition)) is not None:
                self.outcome = self.pipeline.score(found)
                return None
            self.rows_chosen()
            return subset_of(self.pipeline.select(self.repetition))
        except Exception as error:  # raised to whoever asks for the result
            self.outcome = error
            return None

    def end(self, outcome: Trained | Exception) -> None:
        """Store what came of the training now: its turn to be asked may never come."""
        try:
            if isinstance(outcome, Exception):
                raise outcome
            self.outcome = self.pipeline.score(self.pipeline.train(self.repetition, outcome))
        except Exception as error:  # raised to whoever asks for the result
            self.outcome = error


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
        """Train those that have waited longest; if that is interrupted, they wait on."""
        batch = self.waiting[:AT_ONCE]
        subsets = {each: subset for each in batch if (subset := each.subset()) is not None}
        for each, outcome in zip(subsets, self._trained(subsets), strict=True):
            each.end(outcome)
        del self.waiting[: len(batch)]

    @staticmethod
    def _trained(subsets: Mapping[Gathered, Subset]) -> Sequence[Trained | Exception]:
        if not subsets:
            return []
        pipeline = next(iter(subsets)).pipeline
        method = pipeline.method
        try:
            return method.trainer.train_together(
                pipeline.dataset,
                list(subsets.values()),
                method.trained,
                method.augment,
                [Streams(method.seed, each.repetition) for each in subsets],
            )
        except Exception as error:  # raised to whoever asks for a result
            return [error] * len(subsets)
