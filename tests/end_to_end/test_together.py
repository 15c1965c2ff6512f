"""Commands that are started at the same moment share their work and stay out of each other's way."""

import shutil
import signal
import subprocess
import time

import numpy as np
import pytest

pytestmark = pytest.mark.slow

LAUNCHERS = {
    "joblib": ["hydra.launcher.n_jobs=2"],
    "submitit_local": ["hydra.launcher.timeout_min=5"],
    "submitit_slurm": ["hydra.launcher.timeout_min=5", "hydra.launcher.mem_gb=2"],
}


def slurm_answers() -> bool:
    """Whether there is a cluster with accounting, which submitit needs to notice that a job has ended."""
    asked = shutil.which("sacct") and subprocess.run(["sacct"], capture_output=True)
    return bool(asked) and asked.returncode == 0


def test_four_commands_started_together_on_nothing_compute_everything_once(bare, reference):
    lines = [("-m", f"selector={name}") for name in ("nearest", "random")] * 2
    processes = [bare.start(*line) for line in lines]
    ended = [(process.communicate(timeout=300), process.returncode) for process in processes]
    assert [code for _, code in ended] == [0] * 4, [stderr for (_, stderr), _ in ended]

    sweeps = sorted((bare.state / "runs").iterdir())
    assert len(sweeps) == 4
    runs = bare.tracked()
    assert {run["status"] for run in runs} == {"FINISHED"}
    keys = [run["winnow.key"] for run in runs if "winnow.key" in run]
    assert len(keys) == len(set(keys)) == 3
    assert len(bare.entries("embedding")) == 1
    assert len(bare.entries("clustering")) == 2
    assert len(bare.entries("trained")) == 6
    assert bare.kept() == reference.kept()
    assert bare.temporary() == []
    assert "computed again" not in "".join(stderr for (_, stderr), _ in ended)


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_hydras_launchers_run_the_same_jobs(finished, reference, launcher):
    if launcher == "submitit_slurm" and not slurm_answers():
        pytest.skip("no Slurm with accounting answers on this machine")
    words = ("-m", "selector=nearest,furthest", f"hydra/launcher={launcher}", *LAUNCHERS[launcher])
    finished.done(*words, own_process=True, timeout=500)
    rows = finished.rows()
    assert [(row["selector"], row["status"]) for row in rows] == [("nearest", "cached"), ("furthest", "ok")]
    assert rows[0]["accuracies"] == reference.accuracies()["nearest", 20]
    assert {run["status"] for run in finished.tracked()} == {"FINISHED"}
    assert list(finished.state.glob("runs/*/jobs")) == []
    assert finished.alive() == []


def test_a_launched_job_warns_in_one_line_as_the_command_does(bare):
    np.savez(bare.folder / "rows.npz", x=np.repeat(np.float32(np.eye(3)), 20, axis=0))
    words = ("dataset=arrays", "dataset.file=rows.npz", "k=5", "selector=nearest", "select_only=true")
    ended = bare.done(
        "-m", *words, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "tracker=none", own_process=True
    )
    assert "\nwarning: " in ended.stderr
    assert "Warning: " not in ended.stderr


@pytest.mark.parametrize(
    ("launcher", "number"),
    [("joblib", signal.SIGTERM), ("joblib", signal.SIGKILL), ("submitit_local", signal.SIGTERM)],
)
def test_launched_jobs_end_with_their_command(command, launcher, number):
    words = ["selector=uniform,random", "seeds=1", "trainer.steps=1000000", f"hydra/launcher={launcher}"]
    process = command.start("-m", *words, *LAUNCHERS[launcher])
    command.wait_for("cache/locks/trained-*.holder", seconds=200)
    time.sleep(1)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while command.alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert command.alive() == []
    assert process.returncode == (-9 if number == signal.SIGKILL else 128 + number), stderr
    assert {run["status"] for run in command.tracked()} <= {"KILLED", "RUNNING"}
    if number == signal.SIGTERM:
        assert {run["status"] for run in command.tracked()} == {"KILLED"}
        assert {row["status"] for row in command.rows()} <= {"interrupted", "pending"}
        assert "Traceback" not in stderr
    else:
        command.done("selector=uniform", "seeds=1")  # as every command does, it clears away first
        assert "RUNNING" not in {run["status"] for run in command.tracked()}
