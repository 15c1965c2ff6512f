"""Run very many small jobs, by one command or by many at once; print what grows, and what the store holds.

    python scripts/many_jobs.py folder=/tmp/jobs [commands=1] [jobs=200] [server=false] [looks=6]
        [any setting of train.py]

`jobs` jobs of digits, five steps each, are divided equally among `commands` commands, which are started
together in one state folder, each with sizes of its own. All runs go to one SQLite file in that folder, or,
with `server=true`, through one MLflow server that is started for it. Anything else is a setting of train.py:

    python scripts/many_jobs.py folder=/tmp/jobs hydra/launcher=submitit_local
    python scripts/many_jobs.py folder=/tmp/jobs commands=20 server=true

While they work, a line for each of `looks` parts of the jobs: seconds since the start and for each job, the
memory that the first command holds for itself (RssAnon) and its open files. In the end: how the commands
ended, and how many runs of jobs the store holds, how many of them are finished, and how many jobs are there
twice. Nothing may be lost and nothing doubled; the exit status says so. Runs on Linux.
"""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from million import MEGABYTE
from settings import split_settings

ROOT = Path(__file__).parents[1]
FIRST_SIZE = 20
JOB = ("selector=uniform", "dataset=digits", "seeds=1", "trainer.steps=5", "n_jobs=1")
SECONDS_FOR_A_SERVER, SECONDS_BETWEEN_LOOKS = 120, 0.2


def main() -> int:
    """Start, look, count."""
    if "--help" in sys.argv:
        print(__doc__)
        return 0
    given, others = split_settings(folder="", commands="1", jobs="200", server="false", looks="6")
    commands, jobs, looks = (int(given[name]) for name in ("commands", "jobs", "looks"))
    if not given["folder"] or commands < 1 or jobs % commands:
        print("error: folder must name a new folder, and jobs be a multiple of commands", file=sys.stderr)
        return 2
    folder = Path(given["folder"])
    folder.mkdir(parents=True)
    try:
        if given["server"] == "true":
            with served(folder / "server") as uri:
                codes = run(folder, commands, jobs, looks, [*others, f"tracker.uri={uri}"])
            database = folder / "server" / "mlflow.db"
        else:
            codes, database = run(folder, commands, jobs, looks, others), folder / "state" / "mlflow.db"
        runs, finished, different = recorded(database)
        ended = ", ".join(f"{codes.count(code)} with {code}" for code in sorted(set(codes)))
        print(f"\n{commands} commands ended, {ended}; the store holds {runs} runs of {jobs} jobs,", end=" ")
        print(f"{finished} of them finished, {runs - different} jobs twice")
        return int(any(codes) or not runs == finished == different == jobs)
    finally:
        shutil.rmtree(folder)


def run(folder: Path, commands: int, jobs: int, looks: int, others: Sequence[str]) -> list[int]:
    """Start the commands together; print a line now and then; return their exit statuses."""
    started, each = time.perf_counter(), jobs // commands
    processes = [
        start(folder, number, range(FIRST_SIZE + number * each, FIRST_SIZE + (number + 1) * each), others)
        for number in range(commands)
    ]
    print("| jobs done | s since the start | s for each since the line above | MB | files |", flush=True)
    print("| ---: | ---: | ---: | ---: | ---: |", flush=True)
    said, before, due = 0, 0.0, list(range(jobs // looks, jobs, max(1, jobs // looks)))
    while any(process.poll() is None for process in processes):
        done = len(list((folder / "state").glob("runs/*/job-*.json")))
        if due and done >= due[0]:
            seconds = time.perf_counter() - started
            pace = f"{(seconds - before) / (done - said):.1f}" if said else ""
            print(f"| {done} | {seconds:.0f} | {pace} | {' | '.join(held(processes[0].pid))} |", flush=True)
            said, before, due = done, seconds, [number for number in due if number > done]
        time.sleep(SECONDS_BETWEEN_LOOKS)
    print(f"| all | {time.perf_counter() - started:.0f} | | | |", flush=True)
    return [process.wait() for process in processes]


def start(folder: Path, number: int, sizes: range, others: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start one command with a job for each size; what it says goes to a file."""
    words = ["-m", f"k={','.join(map(str, sizes))}", *JOB, f"state_dir={folder / 'state'}", *others]
    with (folder / f"command-{number}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "train.py"), *words], stdout=log, stderr=subprocess.STDOUT
        )


def held(pid: int) -> tuple[str, str]:
    """Return the memory that a process holds for itself, in MB, and the number of its open files."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        files = len(os.listdir(f"/proc/{pid}/fd"))
        memory = next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))
    except (OSError, StopIteration):  # it has just ended
        return "", ""
    return f"{int(memory) / MEGABYTE:.1f}", str(files)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Run an MLflow server on a free port of this machine inside the block; yield its address."""
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    words = [
        "server",
        "--workers",
        "1",
        "--port",
        str(port),
        "--backend-store-uri",
        f"sqlite:///{folder / 'mlflow.db'}",
    ]
    words += ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words], stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for(uri, server, folder / "server.log")
        yield uri
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # its workers, too
        server.wait()


def wait_for(uri: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + SECONDS_FOR_A_SERVER
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{uri}/health"):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(SECONDS_BETWEEN_LOOKS)
    raise SystemExit(f"error: the MLflow server must answer, got none at {uri}\n{log.read_text()}")


def recorded(database: Path) -> tuple[int, int, int]:
    """Count the runs of jobs in a store, those that are finished, and the different sizes they are of."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "select runs.status, params.value from runs join params on params.run_uuid = runs.run_uuid"
            " where params.key = 'k'"
        ).fetchall()
    return len(rows), sum(status == "FINISHED" for status, _ in rows), len({size for _, size in rows})


if __name__ == "__main__":
    sys.exit(main())
