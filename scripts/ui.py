"""Browse the runs: python scripts/ui.py [state_dir=state] [port=5000] [experiment=winnow].

It prints the address to open once the server answers. From another machine: ssh -L 5000:127.0.0.1:5000
this-machine.
"""

import signal
import sys
from pathlib import Path
from typing import NoReturn

from settings import settings

from winnow.errors import WinnowError
from winnow.tracker._server import free_port, serving
from winnow.tracker.mlflow import MLflow


def main() -> int:
    """Serve the runs at the first free port until Ctrl-C, and return the exit code."""
    given = settings(state_dir="state", port="5000", experiment="winnow")
    state_dir = Path(given["state_dir"])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    print("MLflow is starting, which takes from 5 seconds to a minute", file=sys.stderr, flush=True)
    try:
        store = MLflow(experiment=given["experiment"]).open(state_dir)
        if not (state_dir / "mlflow.db").exists():
            store.prepare()  # a server on an empty folder should show an empty experiment
        with serving(state_dir, free_port(int(given["port"]))) as server:
            store.prepare()  # while the server starts
            server.wait_for_answer()
            print(f"{store.page(server.address)}  (Ctrl-C ends it)", flush=True)
            return server.wait()
    except WinnowError as fault:
        print(f"error: {fault}", file=sys.stderr)
        return fault.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _leave(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
