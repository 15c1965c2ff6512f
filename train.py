"""Find the part of a training set worth keeping, train on it, and compare with a random subset.

python train.py -m selector=nearest,furthest,random k=600,1200
"""

import sys

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from winnow import lifecycle
from winnow.config import build


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(config: DictConfig) -> None:
    """Run one job of the command; Hydra calls this once for every combination of a sweep."""
    from winnow import job

    command = HydraConfig.get()
    number = 0 if OmegaConf.is_missing(command.job, "num") else command.job.num
    job.run(build(config), number=number, in_sweep=command.mode == RunMode.MULTIRUN)


if __name__ == "__main__":
    sys.exit(lifecycle.guard(main))
