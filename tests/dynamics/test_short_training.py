"""The dynamics run: what it records, of which network, and that it is nobody else's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from winnow.dynamics._predictions import batches, last_linear, predictions
from winnow.dynamics.short_training import ShortTraining, gradient_norms
from winnow.errors import InvalidValue
from winnow.model.lenet5_batchnorm import LeNet5BatchNorm
from winnow.model.mlp import MLP
from winnow.network.normalisation import Normalisation
from winnow.stages import Model
from winnow.store.keys import identity
from winnow.streams import Streams
from winnow.types import Dataset, Rows

SHORT = ShortTraining(epochs=3, batch_size=16, min_steps=1)


@pytest.fixture(scope="module")
def halves() -> Dataset:
    """Two classes, bright in one half; row 0 bears the wrong label."""
    rng, y = np.random.default_rng(0), np.arange(60) % 2
    x = rng.integers(0, 60, size=(60, 1, 28, 28)).astype(np.uint8)
    for image, label in zip(x, y, strict=True):
        image[:, :, 14 * label : 14 * label + 14] += 150
    y[0] = 1
    return Dataset("halves", x, y, x[:4], y[:4], ("left", "right"))


def test_every_epoch_is_recorded_and_the_network_learns_from_one_to_the_next(halves):
    seen = SHORT.observe(halves, MLP(hidden=(8,)), Streams(0, 0))
    assert seen.logits.shape == (3, 60, 2)
    assert seen.gradient_norms is None
    others = np.arange(1, 60)
    wrong = [np.mean(logits[others].argmax(axis=1) != halves.y[others]) for logits in seen.logits]
    assert wrong[-1] <= wrong[0]
    assert wrong[-1] == 0
    assert len({logits.tobytes() for logits in seen.logits}) == 3


def test_a_mislabelled_row_stands_out(halves):
    from winnow.selector._dynamics_scores import aum, el2n

    seen = SHORT.observe(halves, MLP(hidden=(8,)), Streams(0, 0))
    assert el2n(seen, halves.y).argmax() == 0
    assert aum(seen, halves.y).argmin() == 0


def test_the_same_seed_gives_the_same_bits_and_another_does_not(halves):
    one, again, other = (
        SHORT.observe(halves, MLP(hidden=(8,), dropout=0.5), Streams(seed, 0)).logits for seed in (0, 0, 1)
    )
    assert one.tobytes() == again.tobytes() != other.tobytes()


def test_recording_draws_no_chance_so_more_or_fewer_epochs_train_alike(halves):
    # With gradients the run ends after the first epoch, on the same schedule.
    model = MLP(hidden=(8,), dropout=0.5)
    whole = SHORT.observe(halves, model, Streams(0, 0))
    ended = SHORT.observe(halves, model, Streams(0, 0), gradients=True)
    assert ended.logits.shape == (1, 60, 2)
    assert ended.logits[0].tobytes() == whole.logits[0].tobytes()


def test_gradients_are_taken_no_later_than_the_run_lasts(halves):
    late = ShortTraining(epochs=2, batch_size=16, min_steps=1, gradient_epoch=9)
    assert len(late.observe(halves, MLP(hidden=()), Streams(0, 0), gradients=True).logits) == 2


@pytest.mark.parametrize("model", [MLP(hidden=(5,), dropout=0.5), LeNet5BatchNorm()])
def test_gradient_norms_are_those_of_one_row_at_a_time(halves, model: Model):
    torch.manual_seed(0)
    network = model.build((1, 28, 28), 2)
    norms = gradient_norms(network, halves, model)
    images = Normalisation.of(halves, torch.device("cpu"))(halves.x)
    network.eval()
    for row in (0, 1, 59):
        network.zero_grad()
        cross_entropy(network(images[row : row + 1]), torch.tensor(halves.y[row : row + 1])).backward()
        squares = sum(weights.grad.square().sum() for weights in network.parameters())
        assert norms[row] == pytest.approx(float(squares.sqrt()), rel=1e-4)


def test_small_sets_are_passed_over_several_times_an_epoch(halves):
    # A pass is 4 batches: three epochs of one pass are 12 steps, of three passes 36.
    one_pass = ShortTraining(epochs=3, batch_size=16, min_steps=12)
    passes = {steps: replace(one_pass, min_steps=steps).passes(60) for steps in (12, 13, 24, 25, 36)}
    assert passes == {12: 1, 13: 2, 24: 2, 25: 3, 36: 3}
    one_epoch = replace(one_pass, epochs=1)
    # The same twelve steps; one records them once, the other thrice.
    logits = [each.observe(halves, MLP(hidden=()), Streams(0, 0)).logits for each in (one_epoch, one_pass)]
    assert logits[0][0].tobytes() == logits[1][2].tobytes()


def test_the_code_of_the_trainer_at_work_is_part_of_the_identity():
    assert identity(ShortTraining(batch_size=7).inner) in identity(ShortTraining(batch_size=7))


def test_the_global_random_states_are_left_alone(halves):
    numpys, torchs = np.random.get_state()[1].copy(), torch.get_rng_state()
    SHORT.observe(halves, MLP(hidden=(2,), dropout=0.5), Streams(0, 0))
    assert np.array_equal(np.random.get_state()[1], numpys)
    assert torch.equal(torch.get_rng_state(), torchs)


ROWS = np.arange(2, 40, 2), np.arange(3, 41, 2)  # dark on the left, dark on the right


def taught(halves, y, *, features=False, seed=0):
    """Return what a network predicts that was handed some rows with labels; the data set has none."""
    unlabelled = Rows("halves", halves.x, None, halves.classes)
    learner = SHORT.learner(unlabelled, MLP(hidden=(8,)), Streams(seed, 0))
    return learner.fit(np.concatenate(ROWS), np.repeat(y, 19), features=features)


def test_a_learner_knows_the_labels_that_it_is_handed_and_no_others(halves):
    named, turned = taught(halves, [0, 1]), taught(halves, [1, 0])
    assert named.classes[41:].tolist() == (np.arange(41, 60) % 2).tolist()
    assert turned.classes[41:].tolist() == (1 - np.arange(41, 60) % 2).tolist()
    np.testing.assert_allclose(named.probabilities.sum(axis=1), 1, rtol=1e-5)


def test_a_learner_gives_the_same_bits_again_and_features_change_nothing(halves):
    one, again = taught(halves, [0, 1]), taught(halves, [0, 1], features=True)
    assert one.probabilities.tobytes() == again.probabilities.tobytes()
    assert one.features is None
    assert again.features.shape == (60, 8)
    assert one.probabilities.tobytes() != taught(halves, [0, 1], seed=1).probabilities.tobytes()


def test_the_features_are_what_the_last_layer_reads(halves):
    network = MLP(hidden=(8,)).build((1, 28, 28), 2)
    said = predictions(network, halves, MLP(), features=True)
    last = last_linear(network, 2)
    logits = last(torch.from_numpy(said.features)).detach()
    np.testing.assert_allclose(logits.softmax(dim=1).numpy(), said.probabilities, rtol=1e-5)


class AsTheyAre(MLP):
    def input_moments(self, channels):
        return [0.0] * channels, [1.0] * channels


def test_a_network_that_learnt_before_is_shown_images_as_it_learnt_them(halves):
    network = AsTheyAre().build((1, 28, 28), 2)
    ((_, shown),) = batches(halves, network, AsTheyAre(), 60)
    np.testing.assert_array_equal(shown.numpy(), halves.x)


def test_a_network_without_a_last_linear_layer_is_refused_where_features_are_wanted(halves):
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 28), torch.nn.Flatten())
    assert predictions(network, halves, MLP(), features=False).n == 60
    with pytest.raises(InvalidValue, match=r"must end in a linear layer of 2 classes .* got none"):
        predictions(network, halves, MLP(), features=True)
