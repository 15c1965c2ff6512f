"""Repetitions trained as one network, by the whole command."""

import signal

import pytest

pytestmark = pytest.mark.slow

SWEEP = ("-m", "selector=nearest,random", "trainer.together=true")


def test_the_same_table_rows_and_runs_whoever_trains(command, bare, reference):
    command.done(*SWEEP)
    ours, theirs = command.accuracies(), reference.accuracies()
    assert ours.keys() == theirs.keys()
    for cell, accuracies in ours.items():
        # A hundredth of the test images may fall to the other side by rounding.
        assert accuracies == pytest.approx(theirs[cell], abs=1)
    assert command.kept() == reference.kept()
    selectors = sorted(run.get("selector", "sweep") for run in command.tracked())
    assert selectors == ["nearest", "random", "sweep", "uniform"]

    bare.done(*SWEEP, "tracker=none", "n_jobs=2")
    assert bare.accuracies() == ours

    before = command.entries()
    command.done(*SWEEP)
    assert [row["status"] for row in command.rows()] == ["cached", "cached"]
    assert command.entries() == before

    command.done("selector=furthest", "trainer.together=true", "seeds=3")
    assert command.accuracies()["uniform", 20][:2] == ours["uniform", 20]


def test_a_loss_that_explodes_is_one_line(bare):
    ended = bare.run(
        "trainer.together=true", "trainer.learning_rate=1e30", "trainer.schedule=constant", "tracker=none"
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("error: the loss must stay finite")
    assert "Traceback" not in ended.stderr


def test_an_interrupted_batch_ends_as_any_other_command(command):
    process = command.start("trainer.together=true", "trainer.steps=100000")
    command.wait_for("cache/subset/*/*/entry.json")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert {run["status"] for run in command.tracked()} <= {"KILLED"}
    assert command.entries("trained") == {}
    assert command.alive() == []


def test_dynamics_that_fail_in_a_later_job_fail_there(bare):
    words = ("selector=el2n", "dynamics.learning_rate=0.001,1e30", "trainer.together=true", "tracker=none")
    assert bare.run("-m", *words, "seeds=1", "dynamics.min_steps=20").returncode == 1
    assert [row["status"] for row in bare.rows()] == ["ok", "failed"]
