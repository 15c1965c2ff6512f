"""Start MLflow's web page, lean and on this machine only, and tell whether a server answers.

Out of the box the server is 14 processes and 3 GB of memory; with one worker and without job execution it
is a sixth of that. It listens on 127.0.0.1 only, because it has no login: whoever connects may delete.
"""

import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from winnow.errors import InvalidValue, TryLater
from winnow.store.credentials import hide_credentials, without_credentials

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # A server that has died should be noticed in seconds; the default is four minutes of retries.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # It would print the address of every run, with user and password, between the lines of the table.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Read by MLflow when it is imported. What the user has set already is left alone."""
_SECONDS_BETWEEN_QUESTIONS = 0.2
_SECONDS_TO_END = 10


def ui_command(port: int) -> list[str]:
    """Return the command that serves the runs in its working folder at http://127.0.0.1:`port`.

    The working folder is the state folder, so that any name will do for it: MLflow reads some characters of a
    path, such as `%`, as markup.
    """
    server = [sys.executable, "-m", "mlflow", "server", "-w", "1"]
    address = ["--host", "127.0.0.1", "--port", str(port)]
    kept = ["--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "./artifacts"]
    return [*server, *address, *kept]


@dataclass(frozen=True)
class Server:
    """A server of MLflow's page that runs as a child of this process.

    Parameters
    ----------
    process : the child.
    port : where it listens, on this machine only.
    log : the file that it writes to.
    """

    process: subprocess.Popen
    port: int
    log: Path

    @property
    def address(self) -> str:
        """Where its first page is."""
        return f"http://127.0.0.1:{self.port}"

    def wait_for_answer(self) -> None:
        """Wait until it answers, however long that takes on a machine with much else to do.

        Raises
        ------
        TryLater
            If it ends before.
        """
        while not _answers(self.port):
            if self.process.poll() is not None:
                last = self.log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise TryLater(f"MLflow must start, got: {last[:300]}", where=str(self.log))
            time.sleep(_SECONDS_BETWEEN_QUESTIONS)

    def wait(self) -> None:
        """Wait until it ends, which it never does by itself.

        Raises
        ------
        TryLater
            If it did.
        """
        self.process.wait()
        raise TryLater("MLflow must keep running, got an end that nobody asked for", where=str(self.log))


@contextmanager
def serving(state_dir: Path, port: int) -> Iterator[Server]:
    """Serve the runs of a state folder inside the block, and end the server after it."""
    log = state_dir / "mlflow-server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ui_command(port),
            cwd=state_dir,
            env=ENVIRONMENT | os.environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(process, port, log)
    finally:
        process.terminate()
        try:
            process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()


def _answers(port: int) -> bool:
    # Without a proxy, which the environment may name, whatever it is told about this machine.
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


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
    """Make sure that the MLflow server at `uri` answers within five seconds.

    Raises
    ------
    TryLater
        If it does not.
    InvalidValue
        If it wants another user or password.
    """
    try:
        urlopen(_health(uri), timeout=5).close()
    except HTTPError as fault:
        fault.close()
        if fault.code in (401, 403):
            raise InvalidValue(
                f"the tracking server must accept user and password, got {fault.code} {fault.reason}",
                where=without_credentials(uri),
                remedy="tracker.uri=https://user:password@host",
            ) from fault
        if fault.code >= 500:
            raise unreachable(uri, fault) from fault
    except (OSError, HTTPException) as fault:
        raise unreachable(uri, fault) from fault


def check_connection(uri: str, host: str, port: int) -> None:
    """Make sure that somebody listens at `port` of `host` within five seconds, or raise TryLater."""
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as fault:
        raise unreachable(uri, fault) from fault


def unreachable(uri: str, fault: BaseException | str) -> TryLater:
    """Say that a store cannot be reached now, in one line and without user and password."""
    reason = str(fault).partition("\n")[0][:300]
    return TryLater(
        f"tracking store unreachable: {hide_credentials(reason, uri)}",
        where=without_credentials(uri),
        remedy="bring it back, or set tracker.uri=null for a local file, and type the same line again",
    )


def _health(uri: str) -> Request:
    # urllib takes user and password in an address for a part of the host's name.
    parts = urlsplit(uri)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    request = Request(f"{bare.rstrip('/')}/health")
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    return request
