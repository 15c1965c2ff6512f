"""Compare ways of choosing rows: what `train.py` and `winnow compare` do with the words that follow them."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from winnow import __version__

if TYPE_CHECKING:
    from omegaconf import DictConfig


def compare(words: Sequence[str]) -> None:
    """Answer what can be answered at once; hand all other words to Hydra.

    Raises
    ------
    InvalidValue
        If a word, or what it makes of the configuration, is not allowed; nothing was built or written.
    """
    from winnow.command.arguments import answer, for_hydra
    from winnow.command.shipped import conf

    if (text := answer(words, conf())) is not None:
        print(text)
        return
    if sys.stderr.isatty():  # whoever waits for the libraries should see that something began
        print(f"winnow {__version__}", file=sys.stderr, flush=True)
    import hydra

    from winnow.command.checks import check_command
    from winnow.command.ending import show

    sys.argv[1:] = for_hydra(words)
    typed = check_command(sys.argv[1:], conf())
    where = {"config_path": str(conf().absolute()), "config_name": "config"}
    start = hydra.main(version_base="1.3", **where)(run_job)
    show(start) if typed.shows else start()


def run_job(config: "DictConfig") -> None:
    """Run one job; Hydra calls this for a command of one job, and where a launcher has taken the job."""
    from winnow.command import single

    single.run(config)
