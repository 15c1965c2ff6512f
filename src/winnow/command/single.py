"""Run one job: the only one of a command, or one that a launcher of Hydra has taken from a command."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from winnow.command.configuration import build
from winnow.command.sweep import Sweep
from winnow.errors import CommandFailed


def run(config: DictConfig) -> None:
    """Run the job of a composed configuration.

    Raises
    ------
    CommandFailed
        From the error with which the command ended.
    """
    try:
        _run(config)
    except Exception as error:
        raise CommandFailed from error


def _run(config: DictConfig) -> None:
    command = HydraConfig.get()
    plan = build(config, list(command.overrides.task))
    if command.mode == RunMode.MULTIRUN:
        # What comes of it, the process that launched it reads from the folder.
        Sweep([plan], Path(command.sweep.dir), first=command.job.num, launched=True).run_jobs()
    else:
        Sweep.begin([plan], command=" ".join(command.overrides.task)).run()
