"""Browse the runs: python scripts/ui.py [state_dir=state] [port=5000] [experiment=winnow].

The same as `winnow ui`: it prints the address to open once the server answers. From another machine:
ssh -L 5000:127.0.0.1:5000 this-machine.
"""

import sys
from pathlib import Path

from settings import settings

from winnow.command.ending import guard
from winnow.terminal.ui import show


def main() -> None:
    """Serve the runs at the first free port until Ctrl-C."""
    given = settings(state_dir="state", port="5000", experiment="winnow")
    show(Path(given["state_dir"]), int(given["port"]), given["experiment"])


if __name__ == "__main__":
    sys.exit(guard(main))
