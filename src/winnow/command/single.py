"""Run one job: the only one of a command, or one that a launcher of Hydra has taken from a command."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from winnow.command.configuration import build, recorded
from winnow.command.ending import Ended
from winnow.command.sweep import Sweep


def run(config: DictConfig) -> None:
    """Run the job of a composed configuration.

    Raises
    ------
    Ended
        With whatever error ended the only job of a command.
    """
    command = HydraConfig.get()
    if command.mode == RunMode.MULTIRUN:
        # What comes of it, the process that launched it reads from the folder.
        plan = build(config, list(command.overrides.task))
        Sweep([plan], Path(command.sweep.dir), first=command.job.num, launched=True).run_jobs()
        return
    try:
        plan = build(config, list(command.overrides.task))
        Sweep.begin([plan], command=recorded(command.overrides.task, config)).run()
    except Exception as error:
        raise Ended(error) from error
