"""A training that several processes share: each has a part of every batch, and together they learn as one."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from winnow.augment.none import Unchanged
from winnow.dataset.digits import Digits
from winnow.errors import InvalidValue, WinnowError, explain
from winnow.model.mlp import MLP
from winnow.streams import Streams
from winnow.trainer._ranks import RankDied, of_first_rank
from winnow.trainer.lightning import Lightning
from winnow.types import Subset


def test_two_processes_learn_what_one_learns_from_batches_of_both():
    digits, kept = Digits().load(), Subset.of(np.arange(128))
    alone = Lightning(steps=24, batch_size=32, validation_fraction=0.25, patience=9, accelerator="cpu")
    shared = replace(alone, batch_size=16, devices=2, strategy="ddp")
    assert shared.effective_batch_size == alone.effective_batch_size == 32
    one, two = (
        trainer.train(digits, kept, MLP((16,), dropout=0.0), Unchanged(), Streams(0, 0))
        for trainer in (alone, shared)
    )
    np.testing.assert_allclose(one.losses, two.losses, rtol=1e-4)
    assert (one.predictions != two.predictions).mean() < 0.01
    assert multiprocessing.active_children() == []


def test_the_result_is_that_of_the_first_process():
    assert of_first_rank(partial(os.getenv, "LOCAL_RANK"), 2) == "0"


def test_an_error_of_a_process_is_raised_as_it_was():
    with pytest.raises(ValueError, match="invalid literal"):
        of_first_rank(partial(int, "x"), 2)


def test_a_process_that_is_killed_is_named_with_a_hint_at_memory():
    with pytest.raises(RankDied) as caught:
        of_first_rank(partial(signal.raise_signal, signal.SIGKILL), 1)
    said = explain(caught.value)
    assert said.startswith("a process of the training died with exit code -9 | trainer.devices")
    assert "memory" in said


def test_an_interruption_leaves_no_process_behind(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("winnow.trainer._ranks._first_result", interrupted)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        of_first_rank(partial(time.sleep, 600), 2)
    assert time.monotonic() - started < 60
    assert multiprocessing.active_children() == []


def test_what_cannot_travel_is_said():
    with pytest.raises(RuntimeError, match="cannot pickle"):
        of_first_rank(partial(open, os.devnull), 1)


def test_fewer_rows_than_devices_are_refused():
    with pytest.raises(WinnowError, match="one row for each of 3 devices, got 2"):
        Lightning(devices=3).train(
            Digits().load(), Subset.of(np.arange(2)), MLP(), Unchanged(), Streams(0, 0)
        )


def test_a_node_must_be_told_where_the_first_one_is(monkeypatch):
    monkeypatch.setenv("NODE_RANK", "1")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    monkeypatch.delenv("MASTER_PORT", raising=False)
    with pytest.raises(InvalidValue, match="MASTER_ADDR, MASTER_PORT must be set") as caught:
        of_first_rank(partial(int, "1"), 1, num_nodes=2)
    assert caught.value.where == "trainer.num_nodes=2"
    with pytest.raises(InvalidValue, match="MASTER_ADDR, MASTER_PORT must be set"):
        Lightning(num_nodes=2).check_device()  # before anything is computed


def test_a_training_that_is_watched_is_not_shared(stripes):
    with pytest.raises(InvalidValue, match="must run on one device"):
        Lightning(devices=2).learn(
            stripes, Subset.of(np.arange(8)), MLP(), Unchanged(), Streams(0, 0), after_epoch=lambda _: True
        )


@pytest.mark.parametrize(
    ("settings", "summary"),
    [
        ({}, ""),
        ({"strategy": "ddp"}, ""),
        ({"devices": 2}, "effective batch size: 64 (2 devices of 32 rows)"),
        ({"accumulate_grad_batches": 4}, "effective batch size: 128 (4 batches of 32 rows)"),
        (
            {"devices": 2, "num_nodes": 3, "accumulate_grad_batches": 4, "batch_size": 8},
            "effective batch size: 192 (6 devices x 4 batches of 8 rows)",
        ),
    ],
    ids=str,
)
def test_the_number_of_rows_that_a_step_learns_from_is_said(settings, summary):
    assert Lightning(**settings).summary == summary


def test_a_pass_over_the_rows_takes_fewer_steps_with_more_devices():
    # 100 rows are 4 batches of 32 or fewer, and 2 for two devices.
    steps = [Lightning(match="epochs", epochs=5.0, devices=devices).steps_for(100) for devices in (1, 2, 4)]
    assert steps == [20, 10, 5]
