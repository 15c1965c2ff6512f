"""Steps, schedule, batches and one real training, by hand where a hand can follow."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from winnow.augment.none import Unchanged
from winnow.errors import InvalidValue
from winnow.model.lenet5_batchnorm import LeNet5BatchNorm
from winnow.model.mlp import MLP
from winnow.network.batches import Batches
from winnow.trainer.lightning import Recipe
from winnow.types import Dataset, Subset


@pytest.fixture(scope="module")
def stripes() -> Dataset:
    """Two classes a network learns at once: bright left half, bright right half."""
    rng = np.random.default_rng(0)

    def draw(n):
        y = rng.integers(2, size=n)
        x = rng.integers(0, 60, size=(n, 1, 28, 28)).astype(np.uint8)
        for image, label in zip(x, y, strict=True):
            image[:, :, 14 * label : 14 * label + 14] += 150
        return x, y

    return Dataset("stripes", *draw(64), *draw(40), classes=("left", "right"))


def batches(n, size, seed=0):
    return Batches(
        torch.arange(n).float().reshape(n, 1, 1, 1),
        torch.zeros(n, dtype=torch.long),
        torch.ones(n),
        augment=Unchanged(),
        size=size,
        order=np.random.default_rng(seed),
        distortion=torch.Generator(),
    )


@given(st.integers(2, 300), st.integers(3, 64))
def test_a_pass_meets_every_row_once_and_no_batch_is_a_leftover(n, size):
    passed = [images.flatten().tolist() for images, _, _ in batches(n, size)]
    assert sorted(row for batch in passed for row in batch) == list(range(n))
    lengths = [len(batch) for batch in passed]
    assert len(lengths) == len(batches(n, size)) == -(-n // size)
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) > 1


def test_every_pass_has_another_order():
    several = batches(50, 50)
    first, second = ([images.flatten().tolist() for images, _, _ in several] for _ in range(2))
    assert first != second


def test_the_learning_rate_warms_up_and_falls_to_zero():
    recipe = Recipe(warmup=0.1)
    assert recipe._cosine(0, 100) == pytest.approx(0.1)
    assert recipe._cosine(9, 100) == pytest.approx(1.0)
    assert recipe._cosine(55, 100) == pytest.approx(0.5)
    assert recipe._cosine(100, 100) == pytest.approx(0.0)


def test_one_step_of_adam_at_a_constant_rate_moves_every_weight_by_that_rate():
    # Adam's first step has the size of the learning rate, whatever the gradient (Kingma and Ba, section 2.1).
    network = torch.nn.Linear(2, 2)
    before = network.weight.detach().clone()
    optimizer, scheduler = Recipe(
        optimizer="adam", schedule="constant", weight_decay=0.0, learning_rate=0.01
    ).optimizer_for(network.parameters(), 1)
    network(torch.tensor([[1.0, -2.0]])).sum().backward()
    optimizer.step()
    assert scheduler is None
    assert (network.weight - before).abs().flatten().tolist() == pytest.approx([0.01] * 4, rel=1e-4)


def test_only_weights_decay():
    network = torch.nn.Linear(2, 2)
    optimizer, _ = Recipe().optimizer_for(network.parameters(), 10)
    decays = {p.ndim: group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decays == {2: 0.05, 1: 0.0}


@given(st.integers(1, 5000), st.floats(0.1, 50))
def test_equal_epochs_mean_equal_passes_without_bounds(n, epochs):
    recipe = Recipe(match="epochs", epochs=epochs, min_steps=1000, max_steps=1001)
    a_pass = -(-n // 32)
    assert 0 <= recipe.steps_for(n) - epochs * a_pass < 1


def train(dataset, rows, seed=0, repetition=0, model=None, **recipe):
    subset = Subset.of(np.array(rows))
    chosen = Recipe(**({"steps": 20, "batch_size": 8} | recipe))
    return chosen.train(dataset, subset, model or MLP(), Unchanged(), seed=seed, repetition=repetition)


def test_a_training_learns_and_takes_exactly_its_steps(stripes):
    trained = train(stripes, range(64), steps=40)
    assert len(trained.losses) == 40
    assert trained.losses[-1] < trained.losses[0]
    assert (trained.predictions == stripes.y_test).mean() > 0.95


def test_equal_epochs_are_what_is_trained(stripes):
    for rows in (range(9), range(64)):
        losses = train(stripes, rows, steps=None, match="epochs", epochs=3.0).losses
        assert len(losses) == 3 * -(-len(rows) // 8)


def test_the_same_streams_give_the_same_bits_and_others_do_not(stripes):
    one, same, other = (train(stripes, range(32), repetition=r) for r in (0, 0, 1))
    assert one.losses.tobytes() == same.losses.tobytes() != other.losses.tobytes()


def test_thread_count_changes_no_bit(stripes):
    before = torch.get_num_threads()
    results = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        results.append(train(stripes, range(32)).losses.tobytes())
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert results[0] == results[1]


def test_global_random_states_are_left_alone(stripes):
    numpy_before, torch_before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    train(stripes, range(16))
    assert np.random.get_state()[1].tolist() == numpy_before
    assert torch.get_rng_state().tolist() == torch_before


def test_a_repeatable_training_leaves_torch_as_it_was(stripes):
    train(stripes, range(16), deterministic=True)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("rows", [3, 9, 17])
def test_batch_normalisation_copes_with_any_number_of_rows(stripes, rows):
    trained = train(stripes, range(rows), model=LeNet5BatchNorm(), steps=4)
    assert np.isfinite(trained.losses).all()


def test_fewer_rows_than_a_batch_are_trained_on_all_the_same(stripes):
    assert len(train(stripes, [0, 1, 2], batch_size=32).losses) == 20


def test_an_empty_subset_is_refused(stripes):
    with pytest.raises(InvalidValue, match="at least one row, got 0"):
        train(stripes, np.zeros(0, int))


def test_a_loss_that_explodes_is_named_with_its_step(stripes):
    with pytest.raises(InvalidValue, match=r"non-finite loss at step \d+"):
        train(stripes, range(16), learning_rate=1e30, schedule="constant", label_smoothing=0.0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused_rather_than_replaced(stripes):
    with pytest.raises(InvalidValue, match="accelerator must be available"):
        train(stripes, range(16), accelerator="gpu")
