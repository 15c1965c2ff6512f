"""Rows 50, 51, 56, 66 and 67: trainings that are killed, and what they left to go on from."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from winnow.augment.none import Unchanged
from winnow.errors import Interrupted

ROOT = Path(__file__).parents[2]
LINE = ("selector=uniform", "trainer.steps=12", "trainer.checkpoint_minutes=1e-9")


@pytest.fixture
def stopped(monkeypatch):
    """Run a line that a signal stops at the batch of this number, or at none; return what came of it."""

    def run(command, *words, batch=1000):
        batches = []

        def counted(augment, images, generator):
            batches.append(None)
            if len(batches) > batch:
                raise Interrupted(signal.SIGTERM)
            return images.clone()

        with monkeypatch.context() as patch:
            patch.setattr(Unchanged, "__call__", counted)
            ended = command.run(*LINE, *words)
        return ended, len(batches)

    return run


def losses(command):
    """The loss curve of the one training of these commands."""
    (file,) = (command.state / "cache").glob("trained/*/*/losses.npy")
    return np.load(file).tolist()


def checkpoints(command):
    return sorted((command.state / "cache" / "unfinished").glob("*/step=*.ckpt"))


@pytest.fixture
def undisturbed(tmp_path, command):
    """The loss curve of the line where nothing goes wrong."""
    other = type(command)(tmp_path / "undisturbed")
    other.done(*LINE)
    return losses(other)


def test_50_a_training_that_goes_on_takes_every_step_once(command, stopped, undisturbed):
    ended, begun = stopped(command, batch=7)
    assert (ended.code, begun) == (143, 8)
    assert [path.name for path in checkpoints(command)] == ["step=6.ckpt", "step=7.ckpt"]
    ended, begun = stopped(command)
    assert (ended.code, begun) == (0, 5)
    assert losses(command) == undisturbed
    assert len(undisturbed) == 12
    assert list((command.state / "cache" / "unfinished").iterdir()) == []


def test_51_another_setting_goes_on_from_no_checkpoint(command, stopped):
    stopped(command, batch=7)
    saved = checkpoints(command)
    ended, begun = stopped(command, "trainer.learning_rate=0.001")
    assert (ended.code, begun) == (0, 12)
    assert checkpoints(command) == saved


# A training in a process that is killed when it has written a checkpoint, but not yet given it its name.
DIES = """
import os, signal, sys


def die(event, arguments):
    if event == "os.rename" and "step=8.ckpt" in str(arguments):
        os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(die)
sys.argv = sys.argv[1:]
import runpy
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_56_a_training_that_was_killed_and_queued_again_goes_on_in_one_run(
    tracked, python, stopped, undisturbed, tmp_path
):
    of_slurm = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "winnow", "SLURM_NTASKS": "1"}
    words = (*tracked.settings, f"state_dir='{tracked.state}'", "tracker=mlflow", *LINE)
    killed = python("-c", DIES, ROOT / "train.py", *words, cwd=tmp_path, env=of_slurm)
    _, stderr = killed.communicate(timeout=200)
    assert killed.returncode == -signal.SIGKILL, stderr
    assert [path.name for path in checkpoints(tracked)] == ["step=6.ckpt", "step=7.ckpt"]

    ended, begun = stopped(tracked)
    assert (ended.code, begun) == (0, 5)
    assert losses(tracked) == undisturbed
    (finished,) = [run for run in tracked.runs() if run["status"] == "FINISHED"]
    with closing(sqlite3.connect(tracked.state / "mlflow.db")) as connection:
        statement = "select step from metrics where run_uuid = ? and key = 'train_loss_0' order by step"
        steps = [step for (step,) in connection.execute(statement, (finished["run_uuid"],))]
    assert steps == list(range(12))


def test_66_a_truncated_checkpoint_is_passed_over_for_the_one_before(command, stopped, undisturbed):
    stopped(command, batch=7)
    latest = checkpoints(command)[-1]
    latest.write_bytes(latest.read_bytes()[:1000])
    ended, begun = stopped(command)
    assert (ended.code, begun) == (0, 6)
    (warned,) = ended.warned
    assert warned.startswith("a checkpoint is damaged, and the training goes on from an earlier one")
    assert losses(command) == undisturbed


def test_67_a_folder_that_takes_no_checkpoint_is_said_and_stops_nothing(command, stopped, undisturbed):
    (command.state / "cache").mkdir(parents=True)
    (command.state / "cache" / "unfinished").write_text("in the way")
    ended, begun = stopped(command)
    assert (ended.code, begun) == (0, 12)
    (warned,) = ended.warned
    assert warned.startswith("a checkpoint could not be written; a killed training would begin again | ")
    assert losses(command) == undisturbed
