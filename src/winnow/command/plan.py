"""What a job is asked to do, as plain objects: the settings a person chose, and one stage for every group."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

from pydantic import Field

from winnow.stages import Model, Study

Count = Annotated[int, Field(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class Settings:
    """The top level of the configuration, without the groups."""

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
class Plan:
    """One job as plain objects: the settings and one stage for every group.

    With a `study`, the job shows what it shows of the data set, and trains only where that is illustrated.
    """

    settings: Settings
    stages: Mapping[str, Any]
    options: Mapping[str, str]
    resolved: str
    study: Study | None = None
    transfer: Mapping[str, Model] = field(default_factory=dict)

    @property
    def trains(self) -> bool:
        """Whether the job trains: all do but those whose study takes the place of it."""
        return self.study is None or self.study.illustrates

    def described(self) -> dict[str, str]:
        """The option of every group, the settings and the stages' fields: what a tracker records."""
        settings = {name: getattr(self.settings, name) for name in ("k", "budget", "seeds", "seed")}
        details = {
            f"{group}.{field.name}": getattr(stage, field.name)
            for group, stage in self.stages.items()
            for field in fields(stage)
        }
        if self.transfer:
            settings["transfer"] = ",".join(self.transfer)
        return {name: str(value) for name, value in (dict(self.options) | settings | details).items()}
