"""Start MLflow's web page, lean and on this machine only, and tell whether a server answers.

Out of the box the server is 14 processes and 3 GB of memory; with one worker and without job execution it
is a sixth of that. It listens on 127.0.0.1 only, because it has no login: whoever connects may delete.
"""

import socket
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from winnow.errors import TryLater

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # A server that has died should be noticed in seconds; the default is four minutes of retries.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
"""Set before MLflow is imported, unless the user has set them already."""


def ui_command(state_dir: Path, port: int) -> list[str]:
    """Return the command that serves the runs under `state_dir` at http://127.0.0.1:`port`."""
    state_dir = state_dir.absolute()
    server = [sys.executable, "-m", "mlflow", "server", "-w", "1"]
    address = ["--host", "127.0.0.1", "--port", str(port)]
    backend = ["--backend-store-uri", f"sqlite:///{state_dir / 'mlflow.db'}"]
    return [*server, *address, *backend, "--artifacts-destination", (state_dir / "artifacts").as_uri()]


def free_port(first: int = 5000) -> int:
    """Return the first port from `first` on that nobody on this machine listens at."""
    for port in range(first, 65536):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise TryLater(f"a port from {first} to 65535 must be free, got none")


def check_server(uri: str) -> None:
    """Raise TryLater unless the MLflow server at `uri` answers within five seconds."""
    try:
        urlopen(f"{uri.rstrip('/')}/health", timeout=5).close()
    except HTTPError as fault:
        if fault.code >= 500:
            raise _unreachable(uri, fault) from fault
    except OSError as fault:
        raise _unreachable(uri, fault) from fault


def _unreachable(uri: str, fault: OSError) -> TryLater:
    return TryLater(
        f"tracking store unreachable: {fault}",
        where=uri,
        remedy="start the server, or set tracker.uri=null for a local file, and type the same line again",
    )
