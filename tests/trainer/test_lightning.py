"""Steps, random streams and one real training, by hand where a hand can follow."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from winnow.augment.none import Unchanged
from winnow.errors import InvalidValue
from winnow.model.lenet5_batchnorm import LeNet5BatchNorm
from winnow.model.mlp import MLP
from winnow.streams import Streams
from winnow.trainer.lightning import Lightning
from winnow.types import Subset


@given(st.integers(1, 5000), st.floats(0.1, 50))
def test_equal_epochs_mean_equal_passes_without_bounds(n, epochs):
    trainer = Lightning(match="epochs", epochs=epochs, min_steps=1000, max_steps=1001)
    a_pass = -(-n // 32)
    assert 0 <= trainer.steps_for(n) - epochs * a_pass < 1


def test_accumulated_batches_make_fewer_steps():
    # 100 rows are 4 batches of 32 or fewer: with 3 batches to a step, 2 steps a pass.
    assert Lightning(match="epochs", epochs=5.0, accumulate_grad_batches=3).steps_for(100) == 10


def train(dataset, rows, seed=0, repetition=0, model=None, **settings):
    trainer = Lightning(**({"steps": 20, "batch_size": 8} | settings))
    rows = Subset.of(np.array(rows))
    return trainer.train(dataset, rows, model or MLP(), Unchanged(), Streams(seed, repetition))


def test_a_training_learns_and_takes_exactly_its_steps(stripes):
    trained = train(stripes, range(64), steps=40)
    assert len(trained.losses) == 40
    assert trained.losses[-1] < trained.losses[0]
    assert (trained.predictions == stripes.y_test).mean() > 0.95


class AsTheyAre(MLP):
    """A network that learnt values of 0 to 255 before, and remembers which it is shown."""

    def input_moments(self, channels):
        return [0.0] * channels, [1.0] * channels

    def build(self, shape, classes):
        network = super().build(shape, classes)
        network.register_forward_pre_hook(lambda _, given: SHOWN.append(given[0].max().item()))
        return network


SHOWN = []


def test_a_network_that_learnt_before_is_shown_images_as_it_learnt_them(stripes):
    SHOWN.clear()
    train(stripes, range(64), model=AsTheyAre(), steps=2, batch_size=64)
    brightest = float(stripes.x.max()), float(stripes.x_test.max())
    assert len(SHOWN) >= 3
    assert set(SHOWN) == set(brightest)


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


def test_a_training_can_be_watched_pass_by_pass_and_stopped(stripes):
    modes = []

    def stop_after_three(network):
        modes.append(network.training)
        return len(modes) == 3

    rows, model = Subset.of(np.arange(16)), MLP((4,))
    _, losses = Lightning(steps=50, batch_size=8).learn(
        stripes, rows, model, Unchanged(), Streams(0, 0), after_epoch=stop_after_three
    )
    assert (len(modes), len(losses)) == (3, 6)


def test_a_description_shows_the_steps_on_stderr(stripes, capsys):
    rows = Subset.of(np.arange(16))
    Lightning(steps=5).learn(stripes, rows, MLP((4,)), Unchanged(), Streams(0, 0), description="dynamics")
    out, err = capsys.readouterr()
    assert out == ""
    assert "dynamics" in err
    assert "5/5" in err


@pytest.mark.parametrize("step", [0, 3, 19])
@pytest.mark.parametrize("description", [None, "bar"])
def test_ctrl_c_stays_ctrl_c_and_works_again(stripes, step, description):
    import signal

    class Interrupted(Unchanged):
        calls = 0

        def __call__(self, images, generator):
            type(self).calls += 1
            if self.calls > step:
                raise KeyboardInterrupt
            return images

    handler, rows = signal.getsignal(signal.SIGINT), Subset.of(np.arange(16))
    trainer = Lightning(steps=20)
    with pytest.raises(KeyboardInterrupt):
        trainer.learn(stripes, rows, MLP((4,)), Interrupted(), Streams(0, 0), description=description)
    assert Interrupted.calls == step + 1
    assert signal.getsignal(signal.SIGINT) is handler
