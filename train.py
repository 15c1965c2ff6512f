"""Find the part of a training set worth keeping, train on it, and compare with a random subset.

python train.py -m selector=nearest,furthest,random k=600,1200
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run_job(config: "DictConfig") -> None:
    """Run one job; Hydra calls this for a command of one job, and where a launcher has taken the job."""
    from winnow.command import single

    single.run(config)


def main() -> None:
    """Answer what can be answered at once; hand all other words that were typed to Hydra."""
    from winnow.command.arguments import answer, for_hydra

    conf = Path(__file__).parent / "conf"
    if (text := answer(sys.argv[1:], conf)) is not None:
        print(text)
        return
    import hydra

    from winnow.command.checks import check_command
    from winnow.command.ending import show

    sys.argv[1:] = for_hydra(sys.argv[1:])
    typed = check_command(sys.argv[1:], conf)
    start = hydra.main(version_base="1.3", config_path="conf", config_name="config")(run_job)
    show(start) if typed.shows else start()


if __name__ == "__main__":
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while there is nothing to end, no traceback of an import
    from winnow.command.ending import guard

    sys.exit(guard(main))
