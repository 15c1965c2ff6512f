"""Find the part of a training set worth keeping, train on it, and compare with a random subset.

python train.py -m selector=nearest,furthest,random k=600,1200
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run_job(config: "DictConfig") -> None:
    """Run one job of the command; Hydra calls this once for every combination of a sweep."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from winnow.command import job
    from winnow.command.config import build

    command = HydraConfig.get()
    number = 0 if OmegaConf.is_missing(command.job, "num") else command.job.num
    job.run(build(config), number=number, in_sweep=command.mode == RunMode.MULTIRUN)


def main() -> int:
    """Run the command and return its exit code."""
    # Here and not at the top: every worker process reads this file, too, and needs none of it.
    import hydra

    from winnow.command import ending

    return ending.guard(hydra.main(version_base="1.3", config_path="conf", config_name="config")(run_job))


if __name__ == "__main__":
    sys.exit(main())
