"""A fused network learns what the network learns, by the same parameters and statistics."""

from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from winnow.errors import InvalidValue
from winnow.fused import Block, Convolution, Pooling, fused
from winnow.model.convnet import ConvNet
from winnow.model.lenet5 import LeNet5
from winnow.model.lenet5_batchnorm import LeNet5BatchNorm
from winnow.training import fit


def block(fan_in=2, fan_out=3, patch=3, padding=0, **norm):
    return [
        nn.Conv2d(fan_in, fan_out, patch, padding=padding),
        nn.BatchNorm2d(fan_out, **norm),
        nn.MaxPool2d(2),
        nn.ReLU(),
    ]


def gradients(network, images, weights):
    """Gradients by images and parameters of a weighted sum of what comes out, and what comes out."""
    images = images.clone().requires_grad_()
    given_out = network(images)
    (given_out * weights).sum().backward()
    return given_out, [images.grad, *(p.grad for p in network.parameters() if p.grad is not None)]


@given(
    by_place=st.booleans(),
    fan_in=st.integers(1, 3),
    fan_out=st.integers(1, 4),
    patch=st.sampled_from([(1, 1), (2, 3), (3, 2), (5, 5)]),
    padding=st.integers(0, 2),
    rows=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_a_block_has_the_values_gradients_and_statistics_of_its_layers(
    by_place, fan_in, fan_out, patch, padding, rows, seed
):
    torch.manual_seed(seed)
    plain = nn.Sequential(*block(fan_in, fan_out, patch, padding)).double()
    with torch.no_grad():
        plain[1].weight.uniform_(-1, 1)  # a gain below zero turns the order of the values round
        plain[1].bias.uniform_(-1, 1)
    plain[0].bias.requires_grad_(False)  # by torch a sum of zeros, by us nothing
    own = deepcopy(plain)
    sides = [8 + side - 1 - 2 * padding for side in patch]
    images = torch.randn(rows, fan_in, *sides, dtype=torch.float64)
    weights = torch.randn(rows, fan_out, 4, 4, dtype=torch.float64)
    expected, slopes = gradients(plain, images, weights)
    got, own_slopes = gradients(Block(*own, by_place=by_place), images, weights)
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(own_slopes, slopes)
    torch.testing.assert_close(own.state_dict(), plain.state_dict())


@pytest.mark.parametrize("by_place", [True, False])
def test_among_equal_values_the_first_gets_the_gradient(by_place):
    torch.manual_seed(0)
    plain = nn.Sequential(*block(1, 2)).double()
    plain[0].bias.requires_grad_(False)
    own = deepcopy(plain)
    images = torch.zeros(2, 1, 10, 10, dtype=torch.float64)
    images[0, 0, 4:, 4:] = 1
    weights = torch.randn(2, 2, 4, 4, dtype=torch.float64)
    expected, slopes = gradients(plain, images, weights)
    got, own_slopes = gradients(Block(*own, by_place=by_place), images, weights)
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(own_slopes, slopes)


@pytest.mark.parametrize("by_place", [True, False])
def test_the_gradients_are_those_of_finite_differences(by_place):
    torch.manual_seed(0)
    draw = partial(torch.randn, dtype=torch.float64)
    images, kernel, gain, shift = draw(2, 1, 6, 6), draw(2, 1, 3, 3), draw(2).abs(), draw(2)

    def value(*given_in):
        x, kernel, gain, shift = given_in
        return Pooling.apply(Convolution.apply(x, kernel, (0, 0), by_place), gain, shift, 1e-5)[0]

    given_in = [each.requires_grad_() for each in (images, kernel, gain, shift)]
    assert torch.autograd.gradcheck(value, given_in)


def test_a_block_by_hand():
    layers = block(1, 1, patch=1, eps=0.0)
    with torch.no_grad():
        layers[0].weight.fill_(1)
    images = torch.tensor([[[[1.0, 1, 3, 1], [1, 1, 1, 3]]]])
    # Mean 1.5 and variance 0.75: 3 becomes 1.5 / sqrt(0.75) = sqrt(3), and 1 something below zero.
    assert Block(*layers, by_place=True)(images).flatten().tolist() == pytest.approx([0, 3**0.5])
    # A tenth of the way from 0 to the mean, bias included, and from 1 to 8/7 of the variance.
    assert layers[1].running_mean.item() == pytest.approx(0.1 * (1.5 + layers[0].bias.item()))
    assert layers[1].running_var.item() == pytest.approx(0.9 + 0.1 * 0.75 * 8 / 7)
    assert layers[1].num_batches_tracked == 1


@pytest.mark.parametrize(("channels", "by_place"), [(1, True), (3, True), (4, False)])
def test_lenet5_has_two_blocks_and_the_first_is_computed_by_place_where_channels_are_few(channels, by_place):
    network = fused(LeNet5BatchNorm().build((channels, 28, 28), 10))
    assert [type(layer).__name__ for layer in network][:4] == ["Resize", "Block", "Block", "Flatten"]
    assert [layer._by_place for layer in network if isinstance(layer, Block)] == [by_place, False]


def with_hook(network, kind):
    getattr(network[0], f"register_{kind}_hook")(lambda *_: None)
    return network


@pytest.mark.parametrize(
    "network",
    [
        nn.Linear(2, 2),
        nn.Sequential(*block()).double(),
        with_hook(nn.Sequential(*block()), "forward"),
        with_hook(nn.Sequential(*block()), "full_backward"),
        with_hook(nn.Sequential(*block()), "full_backward_pre"),
        LeNet5().build((1, 28, 28), 10),
        ConvNet().build((3, 64, 64), 2),
        nn.Sequential(*block(momentum=None)),
        nn.Sequential(*block(affine=False)),
        nn.Sequential(*block(track_running_stats=False)),
        nn.Sequential(*block(padding="same")),
        nn.Sequential(*block()[:2], nn.MaxPool2d(3), nn.ReLU()),
        nn.Sequential(*block()[:2], nn.MaxPool2d(2, padding=1), nn.ReLU()),
        nn.Sequential(*block()[:2], nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(2, 3, 3, stride=2), *block()[1:]),
        nn.Sequential(nn.Conv2d(2, 4, 3, groups=2), nn.BatchNorm2d(4), *block()[2:]),
    ],
)
def test_other_networks_stay_as_they_are(network):
    quick = fused(network)
    assert not any(isinstance(layer, Block) for layer in quick.modules())


def test_a_map_of_odd_size_and_a_network_in_use_are_asked_layer_by_layer():
    network = nn.Sequential(*block())

    def made_by(side):
        return fused(network)(torch.randn(2, 2, side, 10)).grad_fn.name()

    assert [made_by(side) for side in (10, 9)] == ["PoolingBackward", "ReluBackward0"]
    network.eval()
    assert made_by(10) == "ReluBackward0"


@pytest.mark.parametrize("by_place", [True, False])
@pytest.mark.parametrize("frozen", [["0.weight"], ["1.weight"], ["1.bias"], ["0.weight", "1.weight"]])
def test_what_is_frozen_gets_no_gradient_and_the_rest_the_same(frozen, by_place):
    torch.manual_seed(0)
    plain = nn.Sequential(*block()).double()
    for name in ["0.bias", *frozen]:
        plain.get_parameter(name).requires_grad_(False)
    own = deepcopy(plain)
    images = torch.randn(1, 2, 6, 8, dtype=torch.float64)
    weights = torch.randn(1, 3, 2, 3, dtype=torch.float64)
    _, expected = gradients(plain, images, weights)
    _, got = gradients(Block(*own, by_place=by_place), images, weights)
    assert len(got) == 4 - len(frozen)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("by_place", [True, False])
def test_a_gain_of_zero_learns_from_the_highest_of_a_window(by_place):
    layers = block(1, 1, patch=1)
    with torch.no_grad():
        layers[0].weight.fill_(1)
        layers[1].weight.fill_(0)
        layers[1].bias.fill_(1)  # so that ReLU lets it through
    images = torch.tensor([[[[1.0, 1, 3, 1], [1, 1, 1, 3]]]])
    Block(*layers, by_place=by_place)(images).sum().backward()
    # Mean 1.5 and deviation sqrt(0.75): of the windows, the highest are 1 and 3, thus -0.5 and 1.5.
    assert layers[1].weight.grad.item() == pytest.approx(1 / 0.75**0.5, rel=1e-4)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_is_not_hidden(bad):
    torch.manual_seed(0)
    images = torch.randn(2, 1, 10, 10)
    images[0, 0, 5, 5] = bad
    network = nn.Sequential(*block(1, 2), nn.Flatten(), nn.Linear(32, 3))
    assert fused(deepcopy(network))(images).isnan().all()
    batches, optimizer = [(images, torch.tensor([0, 1]))], torch.optim.SGD(network.parameters())
    with pytest.raises(InvalidValue, match="non-finite loss at step 0"):
        fit(network, lambda asked, b: cross_entropy(asked(b[0]), b[1]), batches, steps=2, optimizer=optimizer)


def trained(network, steps):
    """The losses of a few steps on fixed batches, and what the network then answers."""
    rng = torch.Generator().manual_seed(1)
    batches = [
        (torch.randn(16, 1, 28, 28, generator=rng), torch.randint(10, (16,), generator=rng)) for _ in range(4)
    ]
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    losses = fit(
        network,
        lambda asked, batch: cross_entropy(asked(batch[0]), batch[1]),
        batches,
        steps=steps,
        optimizer=optimizer,
    )
    return losses, network.eval()(batches[0][0]).detach()


class Unfused(nn.Sequential):
    """Not a plain chain to `fused`, and so trained layer by layer."""


def test_a_training_is_the_same_up_to_rounding():
    torch.manual_seed(0)
    network = LeNet5BatchNorm().build((1, 28, 28), 10)
    own = deepcopy(network)
    losses, answers = trained(Unfused(*network), steps=12)
    own_losses, own_answers = trained(own, steps=12)
    np.testing.assert_allclose(own_losses, losses, rtol=1e-4)
    torch.testing.assert_close(own_answers, answers, rtol=1e-3, atol=1e-3)
    assert own[2].num_batches_tracked == network[2].num_batches_tracked == 12
