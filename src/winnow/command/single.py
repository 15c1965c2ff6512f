"""Run one job: the only one of a command, or one that a launcher of Hydra has taken from a command."""

import warnings
from pathlib import Path

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from winnow.command.configuration import build, recorded, words_of
from winnow.command.ending import Ended, one_line_warning
from winnow.command.launched import following, was_stopped
from winnow.command.launchers import side_by_side
from winnow.command.plan import Plan
from winnow.command.sweep import Sweep
from winnow.network.allocation import allocation
from winnow.report.history import of_command


def run(config: DictConfig) -> None:
    """Run the job of a composed configuration.

    Raises
    ------
    Ended
        With whatever error ended the only job of a command.
    """
    command = HydraConfig.get()
    if command.mode == RunMode.MULTIRUN:
        plan = build(config, words_of(command))
        _run_launched(plan, Path(command.sweep.dir), command)
        return
    try:
        words = words_of(command)
        plan = build(config, words)
        Sweep.begin([plan], command=recorded(words, config)).run()
    except Exception as error:
        raise Ended(error) from error


def _run_launched(plan: Plan, folder: Path, command: HydraConf) -> None:
    """Run one job of a command; what comes of it, the process that launched it reads from the folder."""
    if was_stopped(folder):
        return
    warnings.showwarning = one_line_warning  # as in the command, which this process is none of
    given, jobs = allocation(), len({row.job for row in of_command(folder).rows})
    launcher = command.runtime.choices["hydra/launcher"]
    cores = given.shared_by(side_by_side(launcher, command.launcher, jobs, given.cores))
    with following(folder):
        Sweep([plan], folder, first=command.job.num, launched=True, cores=cores).run_jobs()
