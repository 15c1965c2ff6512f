"""Rows held out of the kept ones stop a training that no longer gets better, by Lightning's EarlyStopping."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning import LightningModule

from winnow.augment.none import Unchanged
from winnow.dataset.blobs_2d import Blobs2D
from winnow.model.mlp import MLP
from winnow.streams import Streams
from winnow.trainer._callbacks import BestWeights
from winnow.trainer._data import split
from winnow.trainer._module import VALIDATION_RIGHT
from winnow.trainer.lightning import Lightning
from winnow.types import Subset


@given(st.integers(1, 60), st.floats(0, 0.99))
def test_every_row_is_either_learnt_or_held_out_and_one_is_always_learnt(n, fraction):
    learnt, held_out = split(n, fraction, np.random.default_rng(0))
    assert sorted([*learnt, *held_out]) == list(range(n))
    assert len(learnt) >= 1
    assert abs(len(held_out) - fraction * n) <= 1


def test_nothing_is_held_out_by_default():
    learnt, held_out = split(5, 0.0, np.random.default_rng(0))
    assert (learnt.tolist(), held_out.tolist()) == ([0, 1, 2, 3, 4], [])


class OneWeight(LightningModule):
    """A weight, and how many validation rows are classified correctly by it."""

    right: ClassVar = {1.0: 0, 2.0: 7, 3.0: 6, 4.0: 7}

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def validation_step(self, batch, batch_idx):
        self.log(VALIDATION_RIGHT, float(self.right[self.weight.item()]))


@pytest.mark.filterwarnings("ignore:::pytorch_lightning")
def test_the_earliest_of_the_best_weights_are_restored():
    module, best = OneWeight(), BestWeights()
    trainer = Lightning(accelerator="cpu").trainer(1, [best])
    for weight in (1.0, 2.0, 3.0, 4.0):
        torch.nn.init.constant_(module.weight, weight)
        trainer.validate(module, torch.utils.data.DataLoader([0]), verbose=False)
    best.restore(module)
    assert module.weight.item() == 2.0


@pytest.fixture(scope="module")
def clouds():
    return Blobs2D().load()


def train(trainer, dataset, rows=range(200)):
    return trainer.train(dataset, Subset.of(np.array(rows)), MLP((8,)), Unchanged(), Streams(0, 0))


def test_two_clouds_are_learnt_long_before_the_last_step(clouds):
    trained = train(Lightning(steps=3000, schedule="constant", validation_fraction=0.2, patience=3), clouds)
    # 160 rows are five batches a pass; training ends with a pass, and soon.
    assert len(trained.losses) % 5 == 0
    assert len(trained.losses) < 300
    assert (trained.predictions == clouds.y_test).mean() > 0.95


def test_training_stops_after_as_many_passes_in_vain_as_patience_says(clouds):
    # At a rate of next to nothing no pass is better than the first: 1 + patience passes of five batches.
    for patience in (1, 3):
        still = Lightning(steps=300, learning_rate=1e-30, validation_fraction=0.2, patience=patience)
        assert len(train(still, clouds).losses) == 5 * (1 + patience)


def test_a_last_pass_that_is_cut_short_is_validated_too(clouds):
    # Seven steps are a pass of five and two more, with which 29 instead of 22 of 40 test points are right:
    # without a validation after them, the weights of the first pass would be restored.
    seven = Lightning(steps=7, schedule="constant", learning_rate=0.003, validation_fraction=0.2)
    cut_short, five = train(seven, clouds), train(replace(seven, steps=5), clouds)
    np.testing.assert_array_equal(cut_short.losses[:5], five.losses)
    right = [int((each.predictions == clouds.y_test).sum()) for each in (five, cut_short)]
    assert right == [22, 29]


def test_patience_without_a_validation_part_changes_nothing(clouds):
    trainer = Lightning(steps=30)
    one, other = (train(replace(trainer, patience=patience), clouds) for patience in (1, 5))
    np.testing.assert_array_equal(one.losses, other.losses)
    assert len(one.losses) == 30


def test_a_single_row_is_learnt_rather_than_held_out(clouds):
    assert len(train(Lightning(steps=4, validation_fraction=0.9), clouds, rows=[0]).losses) == 4
