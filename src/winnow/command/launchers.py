"""The launchers of Hydra that jobs can be handed to, and what each of them needs."""

import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from winnow.doctor.machine import accounting_fault
from winnow.errors import InvalidValue

GROUP = "hydra/launcher"
READY = "winnow_"
"""What the names of winnow's own configurations of launchers begin with: Hydra warns of one under its own."""
_PLUGINS = {
    "joblib": "hydra_joblib_launcher",
    "submitit_local": "hydra_submitit_launcher",
    "submitit_slurm": "hydra_submitit_launcher",
}


def made_ready(word: str) -> str:
    """Return the word that chooses winnow's configuration of a launcher for one that names the launcher.

    >>> made_ready("hydra/launcher=joblib"), made_ready("hydra/launcher=basic"), made_ready("k=20")
    ('hydra/launcher=winnow_joblib', 'hydra/launcher=basic', 'k=20')
    """
    key, _, name = word.partition("=")
    return f"{GROUP}={READY}{name}" if key == GROUP and name in _PLUGINS else word


def check(name: str) -> None:
    """Make sure that a launcher is installed and can notice that a job has ended.

    Raises
    ------
    InvalidValue
        If it cannot be used here; nothing was submitted.
    """
    name = name.removeprefix(READY)
    where = f"{GROUP}={name}"
    if name in _PLUGINS and not find_spec(f"hydra_plugins.{_PLUGINS[name]}"):
        raise InvalidValue(
            f"{GROUP} must be installed, got {name} without its package",
            where=where,
            remedy="pip install 'winnow-subset[cluster]'",
        )
    if name != "submitit_slurm":
        return
    if not shutil.which("sbatch"):
        remedy = "log in where jobs are submitted, or use hydra/launcher=submitit_local"
        raise InvalidValue("Slurm must be installed, got no sbatch", where=where, remedy=remedy)
    if fault := accounting_fault():
        raise InvalidValue(
            f"Slurm must keep accounts, or a killed job would be waited for for ever, got {fault}",
            where=where,
            remedy="set up slurmdbd, or use hydra/launcher=submitit_local inside one job",
        )


def side_by_side(name: str, settings: Mapping[str, Any], jobs: int, cores: int) -> int:
    """Return how many of a command's `jobs` a launcher runs at once on these cores.

    >>> side_by_side("joblib", {"n_jobs": -2}, jobs=12, cores=4)
    3
    >>> side_by_side("submitit_local", {"array_parallelism": None}, jobs=2, cores=4)
    2
    >>> side_by_side("submitit_slurm", {}, jobs=12, cores=4)  # Slurm gives each job cores of its own
    1
    """
    match name.removeprefix(READY):
        case "joblib":
            most = settings["n_jobs"]
            most = most if most >= 0 else cores + 1 + most
        case "submitit_local":
            most = settings.get("array_parallelism") or cores
        case _:
            most = 1
    return max(min(most, jobs), 1)
