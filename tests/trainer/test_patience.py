from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from winnow.augment.none import Unchanged
from winnow.dataset.blobs_2d import Blobs2D
from winnow.model.mlp import MLP
from winnow.trainer._patience import Patience, set_aside
from winnow.trainer.lightning import Recipe
from winnow.types import Subset


@given(st.integers(1, 60), st.floats(0, 0.99))
def test_every_row_is_either_learnt_or_set_aside_and_one_is_always_learnt(n, fraction):
    learnt, aside = set_aside(n, fraction, np.random.default_rng(0))
    assert sorted([*learnt, *aside]) == list(range(n))
    assert len(learnt) >= 1
    assert abs(len(aside) - fraction * n) <= 1


def test_nothing_is_set_aside_by_default():
    learnt, aside = set_aside(5, 0.0, np.random.default_rng(0))
    assert (learnt.tolist(), aside.tolist()) == ([0, 1, 2, 3, 4], [])


def network_saying(always):
    """A linear network for one feature and two classes that always gives the same answer."""
    network = torch.nn.Linear(1, 2)
    with torch.no_grad():
        network.weight.zero_()
        network.bias.copy_(torch.tensor([1.0, 0.0] if always == 0 else [0.0, 1.0]))
    return network


def test_it_waits_as_often_as_it_is_told_and_goes_back_to_the_best():
    # Class 1 is right two times in three. Better, worse, as good: the third is the second in vain.
    patience = Patience(torch.zeros(3, 1), torch.tensor([1, 1, 0]), passes=2)
    best, worse, equal = network_saying(1), network_saying(0), network_saying(1)
    equal.bias.data += 5
    assert [patience(network) for network in (best, worse, equal)] == [False, False, True]
    patience.restore(worse)
    torch.testing.assert_close(worse.bias, best.bias)


def test_a_network_goes_on_learning_after_it_was_asked():
    network = network_saying(0).train()
    Patience(torch.zeros(1, 1), torch.tensor([0]), passes=1)(network)
    assert network.training


@pytest.fixture(scope="module")
def clouds():
    return Blobs2D().load()


def train(recipe, dataset, rows=range(200)):
    return recipe.train(dataset, Subset.of(np.array(rows)), MLP((8,)), Unchanged(), seed=0, repetition=0)


def test_two_clouds_are_learnt_long_before_the_last_step(clouds):
    recipe = Recipe(steps=3000, schedule="constant", validation_fraction=0.2, patience=3)
    trained = train(recipe, clouds)
    # 160 rows are five batches a pass; training ends with a pass, and soon.
    assert len(trained.losses) % 5 == 0
    assert len(trained.losses) < 300
    assert (trained.predictions == clouds.y_test).mean() > 0.95


def test_patience_without_a_validation_part_changes_nothing(clouds):
    recipe = Recipe(steps=30)
    one, other = (train(replace(recipe, patience=patience), clouds) for patience in (1, 5))
    np.testing.assert_array_equal(one.losses, other.losses)
    assert len(one.losses) == 30


def test_a_single_row_is_learnt_rather_than_set_aside(clouds):
    trained = train(Recipe(steps=4, validation_fraction=0.9), clouds, rows=[0])
    assert len(trained.losses) == 4
