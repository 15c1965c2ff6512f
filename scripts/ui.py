"""Browse the runs: python scripts/ui.py [state_dir=state] [port=5000], then open the printed address.

From another machine: ssh -L 5000:127.0.0.1:5000 this-machine.
"""

import os
import sys
from pathlib import Path

from settings import settings

from winnow.errors import WinnowError
from winnow.tracker._server import ENVIRONMENT, free_port, ui_command
from winnow.tracker.mlflow import MLflow


def main() -> None:
    """Become the server, at the first free port."""
    given = settings(state_dir="state", port="5000")
    state_dir = Path(given["state_dir"])
    try:
        MLflow().open(state_dir).prepare()  # a server on an empty folder should show an empty experiment
        port = free_port(int(given["port"]))
    except WinnowError as fault:
        print(f"error: {fault}", file=sys.stderr)
        raise SystemExit(fault.exit_code) from fault
    print(f"http://127.0.0.1:{port}  (Ctrl-C ends it)", flush=True)
    command = ui_command(port)
    os.chdir(state_dir)
    os.execve(command[0], command, ENVIRONMENT | os.environ)


if __name__ == "__main__":
    main()
