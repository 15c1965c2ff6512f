import pytest
import torch

from winnow.errors import InvalidValue
from winnow.model.convnet import ConvNet


@pytest.mark.parametrize(("stride", "left"), [(2, 4), (1, 8)])
def test_every_block_halves_the_picture_at_stride_1_but_for_one(stride, left):
    network = ConvNet(widths=(4, 6, 8), stride=stride).build((3, 32, 32), 2)
    before_average = network[: [type(layer).__name__ for layer in network].index("AdaptiveAvgPool2d")]
    assert before_average(torch.zeros(2, 3, 32, 32)).shape == (2, 8, left, left)


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


def test_at_stride_1_one_block_more_fits_the_same_picture():
    assert ConvNet(widths=(2,) * 5, stride=1).build((3, 16, 16), 2)(torch.zeros(2, 3, 16, 16)).shape == (2, 2)
