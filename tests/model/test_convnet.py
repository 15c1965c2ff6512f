import pytest
import torch

from winnow.errors import InvalidValue
from winnow.model.convnet import ConvNet


def test_every_block_halves_the_picture():
    network = ConvNet(widths=(4, 6, 8)).build((3, 32, 32), 2)
    before_average = network[: [type(layer).__name__ for layer in network].index("AdaptiveAvgPool2d")]
    assert before_average(torch.zeros(2, 3, 32, 32)).shape == (2, 8, 4, 4)


@pytest.mark.parametrize("size", [(16, 16), (64, 64), (50, 71)])
def test_the_number_of_parameters_does_not_depend_on_the_size_of_the_picture(size):
    network = ConvNet().build((3, *size), 2)
    assert sum(weights.numel() for weights in network.parameters()) == 390_082
    assert network(torch.zeros(2, 3, *size)).shape == (2, 2)


def test_where_the_subject_stands_matters_little():
    torch.manual_seed(0)
    network = ConvNet(widths=(8,)).build((1, 32, 32), 2).eval()
    subject = torch.randn(1, 1, 8, 8)
    here, there = torch.zeros(2, 1, 1, 32, 32)
    here[..., 4:12, 4:12], there[..., 20:28, 18:26] = subject, subject
    torch.testing.assert_close(network(here), network(there))


@pytest.mark.parametrize("shape", [(10,), (3, 15, 64)])
def test_what_cannot_be_halved_often_enough_is_refused(shape):
    with pytest.raises(InvalidValue, match=r"must be given images of 16x16 pixels or more, got"):
        ConvNet().build(shape, 2)
