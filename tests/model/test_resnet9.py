import pytest
import torch
from torch import nn

from winnow.errors import InvalidValue
from winnow.model._layers import Residual, Scale
from winnow.model.resnet9 import ResNet9


def test_it_has_eight_convolutions_and_one_linear_layer():
    kinds = [type(layer) for layer in ResNet9(width=2).build((3, 32, 32), 10).modules()]
    assert (kinds.count(nn.Conv2d), kinds.count(nn.Linear), kinds.count(Residual)) == (8, 1, 2)


def test_three_poolings_leave_an_eighth_of_the_side():
    network = ResNet9(width=2).build((3, 32, 32), 10)
    before = network[: [type(layer) for layer in network].index(nn.AdaptiveMaxPool2d)]
    assert before(torch.zeros(2, 3, 32, 32)).shape == (2, 16, 4, 4)


def test_a_residual_connection_adds_its_input():
    x = torch.tensor([[1.0, -2.0]])
    assert Residual(nn.ReLU(), Scale(3.0))(x).tolist() == [[4.0, -2.0]]


def test_scores_are_scaled():
    torch.manual_seed(0)
    plain = ResNet9(width=2, scale=1.0).build((3, 16, 16), 4).eval()
    torch.manual_seed(0)
    small = ResNet9(width=2, scale=0.5).build((3, 16, 16), 4).eval()
    images = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(small(images), plain(images) / 2)


@pytest.mark.parametrize("shape", [(10,), (3, 7, 64)])
def test_what_cannot_be_halved_three_times_is_refused(shape):
    with pytest.raises(InvalidValue, match="must be given images of 8x8 pixels or more, got"):
        ResNet9().build(shape, 2)
