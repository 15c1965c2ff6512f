"""Browse the runs: python scripts/ui.py [state_dir=state] [port=5000], then open the printed address.

The same as `winnow ui`. From another machine: ssh -L 5000:127.0.0.1:5000 this-machine.
"""

import sys
from pathlib import Path

from settings import settings

from winnow.command.ending import guard
from winnow.tracker.mlflow import serve


def main() -> None:
    """Become the server, at the first free port."""
    given = settings(state_dir="state", port="5000")
    serve(Path(given["state_dir"]), int(given["port"]))


if __name__ == "__main__":
    sys.exit(guard(main))
