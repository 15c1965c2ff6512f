"""The command `winnow`: its first word is a subcommand, which gets the others."""

import signal
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module

from winnow import __version__

HELP = """\
winnow: keep the smallest part of a training set that still trains a good model

  winnow select photos --keep 20% --out kept.csv
      Choose what to keep of a folder of images, a table or a file of arrays.
      Nothing is trained, and labels are optional.
  winnow compare -m dataset=mnist selector=nearest,random k=600,1200
      Train on what selectors keep, and compare with chance at the same size.
  winnow report
      Tables and figures of everything that was compared.
  winnow ui
      Browse the runs in MLflow, on this machine.
  winnow doctor
      Try out what a command would use: locks, disk, store, cores, device.

winnow select --help and so on tell more; winnow compare --help lists all
data sets, embeddings, selectors and networks; winnow --version.

Results are written to the folder state below the current one.
Exit codes: 0 all done, 1 failed, 2 usage, 75 try later, 130 interrupted,
143 terminated. WINNOW_TRACEBACK=1 shows the traceback of an error.
"""
COMMANDS = ("select", "compare", "report", "ui", "doctor")
USAGE = 2


def main() -> int:
    """Run what was typed, say how it ended, and return the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while there is nothing to end, no traceback of an import
    from winnow.command.ending import guard

    return guard(lambda: run(sys.argv[1:]))


def run(words: Sequence[str]) -> None:
    """Run one command line, given without the program's name.

    >>> run(["--version"]) == print(f"winnow {__version__}")  # doctest: +ELLIPSIS
    winnow ...
    winnow ...
    True

    Raises
    ------
    SystemExit
        At a usage error.
    """
    first, *others = words or ("--help",)
    if first in COMMANDS:
        import_module(f"winnow.terminal.{first}").run(others)
    elif first in ("--help", "-h"):
        print(HELP, end="")
    elif first == "--version":
        print(f"winnow {__version__}")
    else:
        near = get_close_matches(first, COMMANDS, n=1)
        remedy = f"did you mean winnow {near[0]}?" if near else "winnow --help"
        print(
            f"error: the command must be one of {', '.join(COMMANDS)}, got {first!r} | {remedy}",
            file=sys.stderr,
        )
        raise SystemExit(USAGE)


if __name__ == "__main__":
    sys.exit(main())
