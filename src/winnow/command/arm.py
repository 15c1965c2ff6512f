"""One side of a comparison: a method on all its networks, its keys, and what is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from winnow.command.lists import settings_of
from winnow.command.plan import Plan
from winnow.pipeline import Method, Repetition
from winnow.registry import name_of
from winnow.report.rows import STAGES, Row
from winnow.store.cache import Cache
from winnow.store.keys import content_key, library_versions
from winnow.store.source import code_hash
from winnow.store.step import Step
from winnow.types import Dataset, Score

STAGES_AT_WORK = ("embedding", "clusterer", "selector", "augment", "trainer", "dynamics")
LIBRARIES = ("torch", "pytorch-lightning", "faiss-cpu", "scikit-learn", "numpy", "mlflow")
"""The distributions whose versions say what numbers were made with."""

Scores = Mapping[str, Sequence[Score]]
"""The scores of all repetitions, by the network that was trained."""


def arms_of(plan: Plan, dataset: Dataset, cache: Cache) -> "list[Arm]":
    """Return the baseline of a plan and, unless that is what was asked for, the chosen method."""
    method = method_of(plan, dataset.n)
    return [Arm(plan, each, dataset, cache) for each in dict.fromkeys([method.baseline(), method])]


def method_of(plan: Plan, n: int) -> Method:
    """Return the method of a plan for n rows: one that keeps everything does so whatever the budget says."""
    method = plan.method
    return replace(method, budget=n) if method.selector.keeps_everything else method


@dataclass(frozen=True, eq=False)
class Arm:
    """The chosen method or its baseline, trained on every network that was asked for."""

    plan: Plan
    method: Method
    dataset: Dataset
    cache: Cache

    @cached_property
    def networks(self) -> dict[str, Method]:
        """The method on each network by the network's option name, the job's own first."""
        others = {name: self.method.on(model) for name, model in self.plan.transfer.items()}
        return {self.own: self.method} | others

    @property
    def own(self) -> str:
        """Option name of the job's own network."""
        return name_of(self.method.model)

    def repetitions(self, network: str | None = None) -> list[Repetition]:
        """Return all repetitions on one network; by default the job's own."""
        method = self.networks[network or self.own]
        numbers = range(self.plan.settings.seeds)
        return [Repetition(method, self.dataset, self.cache, number) for number in numbers]

    def all_repetitions(self) -> list[Repetition]:
        """Return all repetitions on all networks."""
        return [each for network in self.networks for each in self.repetitions(network)]

    def embeddings(self) -> list[Step]:
        """Return the steps that embed rows, as far as the arm needs them; all repetitions share them."""
        steps = {}
        for network in self.networks:
            first = self.repetitions(network)[0]
            if {"X", "clustering"} & self.method.selector.needs or self.method.learns_clusters:
                steps["embedding"] = first.embedding
            steps |= first.read_by_network
        return list(steps.values())

    @cached_property
    def keys(self) -> dict[str, str]:
        """For each network what its results are known by."""
        return {
            network: content_key(repetitions=[each.key for each in self.repetitions(network)])
            for network in self.networks
        }

    @cached_property
    def key(self) -> str:
        """What the run of this arm is known by."""
        return content_key(networks=list(self.keys.values()))

    @property
    def selector(self) -> str:
        """Option name of the selector."""
        return name_of(self.method.selector)

    @property
    def is_baseline(self) -> bool:
        """Whether this is what others are compared with."""
        return self.method == self.method.baseline()

    @property
    def k(self) -> int:
        """Number of clusters; where the selector is blind to clusters, one run serves every k: the budget."""
        clustered = "clustering" in self.method.selector.needs
        return self.plan.settings.k if clustered else self.method.budget

    @property
    def name(self) -> str:
        """What the run is called in lists: its selector with settings that are no defaults, and its size."""
        settings = [f"{name}={value}" for name, value in settings_of(self.method).items()]
        return " ".join([self.selector, *settings, f"k={self.k}", f"budget={self.method.budget}"])

    @property
    def labels_read(self) -> int:
        """Training labels it takes: those of the kept rows, or all where the selector needs all."""
        return self.dataset.n if self.method.reads_all_labels else self.method.budget

    @cached_property
    def options(self) -> dict[str, str]:
        """Options by name, settings, and every field of the stages that have a part in the result."""
        needs = self.method.selector.needs
        described = self.plan.described() | {
            "dataset": self.dataset.name,
            "selector": self.selector,
            "budget": str(self.method.budget),
            "k": str(self.k),
        }
        unused = []
        if type(self.method.selector) is not type(self.plan.stages.selector):  # the baseline
            unused += ["selector."]
        if "clustering" not in needs and not self.method.learns_clusters:
            described["clusterer"] = "none"
            unused += ["clusterer."]
        if not self.embeddings():
            described["embedding"] = "none"
            unused += ["embedding."]
        if not self.method.selector.trains_network:
            unused += ["dynamics."]
        return {name: value for name, value in described.items() if not name.startswith(tuple(unused))}

    @property
    def code(self) -> str:
        """What tells results of different code or libraries apart, where everything else is equal."""
        stages = [getattr(self.method, name) for name in STAGES_AT_WORK]
        code = [code_hash(type(stage)) for stage in stages]
        return content_key(code=code, libraries=library_versions(*LIBRARIES))[:12]

    def row(self, pending: Row, status: str, network: str, scores: Sequence[Score], baseline: "Arm") -> Row:
        """Return what came of this arm on one network as a row of the report.

        Parameters
        ----------
        pending : the row of the job before it ran.
        baseline : the arm that this one is compared with.
        """
        return Row(
            job=pending.job,
            status=status,
            selector=self.selector,
            network=network,
            k=self.k,
            budget=self.method.budget,
            key=self.keys[network],
            baseline=baseline.keys[network],
            code=self.code,
            accuracies=[score.accuracy for score in scores],
            worst_class=[score.worst_class for score in scores],
            rows_of_class=[list(score.rows_of_class) for score in scores],
            labels_read=self.labels_read,
            seconds=seconds_of(scores),
            options=self.options | {"model": self.own},
            overrides=pending.overrides,
        )


def seconds_of(scores: Sequence[Score]) -> dict[str, float]:
    """Return the seconds of every stage over all repetitions; the embedding is shared, so it counts once."""
    totals: Mapping[str, float] = {
        stage: sum(score.seconds.get(stage, 0.0) for score in scores) for stage in STAGES
    }
    return {**totals, "embed": max(score.seconds.get("embed", 0.0) for score in scores)}
