"""A sweep through a real Slurm on this machine, in which jobs are killed, cancelled and queued again."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[3] / "shared" / "slurm"
SETUP = Path(os.environ.get("WINNOW_TEST_SLURM", SHARED)) / "single_node.sh"
PROGRAMS = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd", "sbatch", "sacct")
SWEEP = ("selector=nearest,furthest,random,uniform", "k=20,30", "model=mlp", "trainer.steps=600")
ON_SLURM = ("hydra/launcher=submitit_slurm", "hydra.launcher.cpus_per_task=1")


def missing() -> str:
    """Why there can be no Slurm here, or nothing."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "needs root"
    if not SETUP.is_file():
        return f"needs {SETUP}, or WINNOW_TEST_SLURM with the folder of single_node.sh"
    places = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    absent = [name for name in PROGRAMS if not shutil.which(name, path=places)]
    return f"needs the packages of {', '.join(absent)}" if absent else ""


@pytest.fixture
def slurm(tmp_path_factory, monkeypatch) -> Iterator[None]:
    """A Slurm of one node with two cores, which keeps accounts."""
    if reason := missing():
        pytest.skip(reason)
    folder = Path("/tmp") / f"winnow-slurm-{os.getpid()}"  # a short path that other users may enter
    settings = os.environ | {"WINNOW_SLURM_STATE": str(folder), "ACCT": "1", "CPUS": "2"}
    # Files, not pipes, which the daemons would keep open.
    path = tmp_path_factory.mktemp("slurm") / "log"

    def script(word: str) -> int:
        with path.open("a") as log:
            return subprocess.run(
                [SETUP, word], env=settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=200
            ).returncode

    try:
        if script("up"):
            pytest.skip(f"Slurm does not start: {path.read_text().strip().splitlines()[-1]}")
        monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        yield
    finally:
        script("down")
        shutil.rmtree(folder, ignore_errors=True)


def jobs_running() -> dict[int, str]:
    """The ids of the running jobs of the array by their numbers in it."""
    answer = subprocess.run(
        ["squeue", "-h", "-r", "-t", "RUNNING", "-o", "%K %F"], capture_output=True, text=True, timeout=60
    )
    pairs = [line.split() for line in answer.stdout.splitlines()]
    return {int(number): f"{array}_{number}" for number, array in pairs}


def kill(job: str) -> None:
    """Kill the process of a job, which Slurm then finds gone."""
    array, number = job.split("_")
    wanted = {f"SLURM_ARRAY_JOB_ID={array}".encode(), f"SLURM_ARRAY_TASK_ID={number}".encode()}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = set((process / "environ").read_bytes().split(b"\0"))
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if wanted <= environment and b"submitit.core._submit" in line and b"python" in line.split(b"\0")[0]:
            os.kill(int(process.name), signal.SIGKILL)


def told_that_its_time_is_up(job: str) -> None:
    """Send the signal, and do not wait for scancel, which waits for a job that queues itself again."""
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(["scancel", "--signal=USR2", job], check=True, timeout=5)


HARM = {
    1: lambda job: subprocess.run(["scancel", job], check=True, timeout=60),
    2: kill,
    3: lambda job: subprocess.run(["scontrol", "requeue", job], check=True, timeout=60),
    4: told_that_its_time_is_up,
}


def test_lost_jobs_are_named_and_done_by_the_same_line_with_the_numbers_of_this_machine(
    slurm, command, tmp_path_factory, empty_store
):
    process = command.start("-m", *SWEEP, *ON_SLURM)
    left, since, deadline = dict(HARM), {}, time.monotonic() + 300
    while left and process.poll() is None and time.monotonic() < deadline:
        running = jobs_running()
        for number in set(left) & set(running):
            if time.monotonic() - since.setdefault(number, time.monotonic()) > 4:
                left.pop(number)(running[number])
        time.sleep(0.2)
    _, stderr = process.communicate(timeout=500)
    assert left == {}, stderr
    assert process.returncode == 75, stderr
    statuses = {row["job"]: (row["status"], row["reason"]) for row in command.rows()}
    lost = {number: reason for number, (status, reason) in statuses.items() if status == "failed"}
    assert set(lost) == {1, 2}
    assert "cancelled" in lost[1]
    assert {status for number, (status, _) in statuses.items() if number not in lost} <= {"ok", "cached"}

    command.done("-m", *SWEEP, *ON_SLURM, timeout=500)
    assert {row["status"] for row in command.rows()} <= {"ok", "cached"}
    finished = [run for run in command.tracked() if run["status"] == "FINISHED"]
    keys = [run["winnow.key"] for run in finished if "winnow.key" in run]
    assert len(keys) == len(set(keys)) == 8

    here = command.elsewhere(tmp_path_factory.mktemp("here"))
    shutil.copytree(empty_store, here.state)
    here.done("-m", *SWEEP, timeout=500)
    assert command.accuracies("mlp") == here.accuracies("mlp")
    assert command.kept() == here.kept()
