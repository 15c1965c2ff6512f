"""A network answers the same however it is evaluated."""

import pytest
import torch
from torch import nn

from winnow.model.convnet import ConvNet
from winnow.model.lenet5 import LeNet5
from winnow.model.lenet5_batchnorm import LeNet5BatchNorm
from winnow.model.mlp import MLP
from winnow.network.predict import folded, predict, prepared


def in_use(network, images):
    """The network after a few batches, so that its batch statistics are not those of a fresh one."""
    with torch.no_grad():
        for _ in range(3):
            network(3 * images + 1)
    return network.eval()


@pytest.mark.parametrize(
    "model", [LeNet5(), LeNet5BatchNorm(), ConvNet(dropout=0.5), MLP(dropout=0.5)], ids=repr
)
def test_a_prepared_network_answers_as_the_network_does(model):
    torch.manual_seed(0)
    images = torch.randn(20, 1, 28, 28)
    network = in_use(model.build((1, 28, 28), 10), images).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        torch.testing.assert_close(prepared(network, images)(images), network(images), rtol=1e-5, atol=1e-5)


def test_preparing_leaves_the_network_as_it_is():
    torch.manual_seed(0)
    images = torch.randn(4, 1, 28, 28)
    network = in_use(LeNet5BatchNorm().build((1, 28, 28), 10), images)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    answer = network(images)
    with torch.inference_mode():
        prepared(network, images)(images)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert torch.equal(network(images), answer)


def test_batch_normalisation_dropout_and_three_quarters_of_relu_are_gone():
    kinds = [type(layer).__name__ for layer in folded(LeNet5BatchNorm().build((1, 28, 28), 10).eval())]
    assert kinds[:7] == ["Upsample", "Conv2d", "MaxPool2d", "ReLU", "Conv2d", "MaxPool2d", "ReLU"]
    old_order = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2)).eval()
    assert [type(layer).__name__ for layer in folded(old_order)] == ["Conv2d", "MaxPool2d", "ReLU"]


class Doubling(nn.Dropout):
    """Called dropout, but at work when a network is tested, too."""

    def forward(self, x):
        return 2 * x


def hooked():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    network[1].register_forward_hook(lambda layer, given, answer: answer + 1)
    return network


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), nn.ReLU()),
        nn.Sequential(nn.Conv2d(3, 4, 4, padding="same"), nn.ReLU()),
        nn.Sequential(nn.Conv2d(3, 4, 3, groups=1, bias=False), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2, dilation=2)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True), nn.Flatten()),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False), nn.ReLU()),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False), nn.ReLU()),
        nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), nn.ReLU()),
        nn.Sequential(nn.Conv2d(3, 4, 3), Doubling()),
        nn.Sequential(nn.Flatten()),
        hooked(),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_any_chain_of_layers_answers_as_it_does(network):
    torch.manual_seed(0)
    images = torch.randn(4, 3, 12, 12)
    network = in_use(network, images)
    with torch.inference_mode():
        torch.testing.assert_close(prepared(network, images)(images), network(images), rtol=1e-5, atol=1e-5)


def test_a_network_that_answers_differently_than_its_layers_say_is_evaluated_as_it_is():
    images = torch.randn(4, 3, 12, 12)
    network = in_use(hooked(), images)
    with torch.inference_mode():
        assert prepared(network, images) is network


def test_predictions_are_the_most_likely_classes_of_all_batches_in_order():
    network = nn.Sequential(nn.Dropout(0.9), nn.Identity())
    batches = iter([torch.eye(3)[[2, 0]], torch.eye(3)[[1]]])
    assert predict(network, batches).tolist() == [2, 0, 1]


def test_a_network_in_double_precision_is_evaluated_as_it_is():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()).double().eval()
    images = torch.randn(2, 1, 5, 5, dtype=torch.float64)
    with torch.inference_mode():
        assert torch.equal(prepared(network, images)(images), network(images))


def test_a_network_of_another_shape_is_evaluated_as_it_is():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            return x + self.layer(x)

    network = Residual().eval()
    assert prepared(network, torch.zeros(1, 2)) is network
