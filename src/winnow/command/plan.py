"""What a job is to do, as plain objects: the settings a person chose, and one stage of every group."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated

from pydantic import Field

from winnow.pipeline import Method
from winnow.registry import name_of
from winnow.stages import (
    Augment,
    Clusterer,
    Embedding,
    Model,
    Observer,
    Selector,
    Source,
    Study,
    Tracker,
    Trainer,
)
from winnow.store.credentials import without_credentials

Count = Annotated[int, Field(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class Settings:
    """The top level of the configuration, without the groups; `conf/config.yaml` says what each means."""

    k: Count
    budget: Count
    seeds: Annotated[int, Field(ge=1, le=1000)]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]
    data_dir: Annotated[str, Field(min_length=1)]
    state_dir: Annotated[str, Field(min_length=1)]
    transfer: tuple[str, ...]
    n_jobs: Annotated[int, Field(ge=-1, le=4096)]
    deterministic: bool
    subset_file: str | None
    verbose: bool


@dataclass(frozen=True)
class Stages:
    """One stage of every group."""

    dataset: Source
    embedding: Embedding
    clusterer: Clusterer
    selector: Selector
    model: Model
    augment: Augment
    trainer: Trainer
    dynamics: Observer
    tracker: Tracker

    def options(self) -> dict[str, str]:
        """Return the option name of every group."""
        return {group.name: name_of(getattr(self, group.name)) for group in fields(self)}


@dataclass(frozen=True)
class Plan:
    """One job: its settings, its stages, the configuration they come from, and the words that set it apart.

    With a `study`, the job shows what it shows of the data set, and trains only where that is illustrated.
    `transfer` are the other networks to train on the kept rows, by their option names.
    """

    settings: Settings
    stages: Stages
    resolved: str
    study: Study | None = None
    transfer: Mapping[str, Model] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether the job trains: all do but those whose study takes the place of it."""
        return self.study is None or self.study.illustrates

    @property
    def method(self) -> Method:
        """The method that the job asks for."""
        stages = self.stages
        return Method(
            embedding=stages.embedding,
            clusterer=stages.clusterer,
            selector=stages.selector,
            model=stages.model,
            augment=stages.augment,
            trainer=stages.trainer,
            dynamics=stages.dynamics,
            budget=self.settings.budget,
            seed=self.settings.seed,
        )

    def described(self) -> dict[str, str]:
        """Return the options, the settings and the fields of every stage: what a tracker records."""
        settings = {name: getattr(self.settings, name) for name in ("k", "budget", "seeds", "seed")}
        stages = {group.name: getattr(self.stages, group.name) for group in fields(self.stages)}
        details = {
            f"{group}.{field.name}": getattr(stage, field.name)
            for group, stage in stages.items()
            for field in fields(stage)
            if field.repr  # others, such as the folder of a cache, have no part in a result
        }
        if self.transfer:
            settings["transfer"] = ",".join(self.transfer)
        return {
            name: without_credentials(str(value))
            for name, value in (self.stages.options() | settings | details).items()
        }
