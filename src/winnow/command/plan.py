"""What a job is to do, as plain objects: the settings a person chose, and one stage of every group."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

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
    Trainer,
)
from winnow.store.credentials import without_credentials
from winnow.tracking import Tracker

LARGEST = 2**31 - 1
SHARE = re.compile(r"(\d{1,3}(\.\d{1,9})?) ?%", re.ASCII)


def _size(value: Any) -> int | str | None:
    """Check a number of rows, a share of the training rows such as "20%", or None."""
    if value is None or (type(value) is int and 1 <= value <= LARGEST):
        return value
    if type(value) is int:
        rule = "greater than or equal to 1" if value < 1 else f"less than or equal to {LARGEST}"
        raise PydanticCustomError("size", "Input should be {rule}", {"rule": rule})
    if isinstance(value, str) and (share := SHARE.fullmatch(value)) and float(share[1]) <= 100:
        return value
    raise PydanticCustomError("size", "Input should be a valid integer, or a share such as 20%")


Size = Annotated[Any, PlainValidator(_size)]
"""A number of rows, a share of the training rows such as "20%", or None: to be decided by the data."""


@dataclass(frozen=True)
class Settings:
    """The top level of the configuration, without the groups; `conf/config.yaml` says what each means."""

    k: Size
    budget: Size
    seeds: Annotated[int, Field(ge=1, le=1000)]
    seed: Annotated[int, Field(ge=0, le=LARGEST)]
    data_dir: Annotated[str, Field(min_length=1)]
    state_dir: Annotated[str, Field(min_length=1)]
    transfer: tuple[str, ...]
    select_only: bool
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
    `transfer` are the other networks to train on the kept rows, by their option names. As long as k or budget
    is no number, the stages that follow them hold a 1 in its place: see `winnow.command.fitting`.
    """

    settings: Settings
    stages: Stages
    resolved: str
    study: Study | None = None
    transfer: Mapping[str, Model] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    unresolved: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def chooses(self, group: str) -> bool:
        """Whether an option of the group, or one of its settings, was typed."""
        keys = [word.lstrip("+~").partition("=")[0] for word in self.overrides]
        return any(key.partition(".")[0] == group for key in keys)

    def sets(self, group: str, name: str) -> bool:
        """Whether a setting was typed or stands in a yaml: no yaml repeats the default of a class."""
        return name in self.unresolved.get(group, {})

    @property
    def trains(self) -> bool:
        """Whether the job trains: all do but those that only select, or whose study takes the place of it."""
        return not self.settings.select_only and (self.study is None or self.study.illustrates)

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
        if rows := self.stages.trainer.effective_batch_size:
            details["trainer.effective_batch_size"] = rows
        if self.transfer:
            settings["transfer"] = ",".join(self.transfer)
        return {
            name: without_credentials(str(value))
            for name, value in (self.stages.options() | settings | details).items()
        }
