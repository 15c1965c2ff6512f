"""The launchers behind hydra/launcher=submitit_local and submitit_slurm, which Hydra finds by this package.

Hydra's own launchers wait for the jobs one after the other: the first that was killed ends the command, and
the others with it. These wait for all, hand out as many as were asked for, and name those that were lost.
"""

from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class _Submitit(Launcher):
    cluster: str

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.command = {"hydra_context": hydra_context, "task_function": task_function, "config": config}

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        from winnow.command.submission import launch

        launch(self.cluster, self.settings, self.command, job_overrides, initial_job_idx)
        return []  # what came of each job stands in the folder of the command


class SubmititLocal(_Submitit):
    """Jobs in processes of this machine."""

    cluster = "local"


class SubmititSlurm(_Submitit):
    """Jobs in an array of Slurm."""

    cluster = "slurm"
