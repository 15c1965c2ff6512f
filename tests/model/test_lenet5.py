import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

from winnow.errors import InvalidValue
from winnow.model.lenet5 import LeNet5


def layers(network: nn.Module, kind: type[nn.Module]) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, kind)]


def test_has_the_layers_of_the_paper_on_mnist():
    network = LeNet5().build((1, 28, 28), 10)
    assert [tuple(w.shape) for w in network.parameters() if w.ndim > 1] == [
        (6, 1, 5, 5),
        (16, 6, 5, 5),
        (120, 400),
        (84, 120),
        (10, 84),
    ]
    assert sum(weights.numel() for weights in network.parameters()) == 61_706


def test_28_pixels_are_padded_with_zeros_to_32():
    padded = layers(LeNet5().build((1, 28, 28), 10), nn.ZeroPad2d)[0](torch.ones(1, 1, 28, 28))
    assert padded.shape == (1, 1, 32, 32)
    assert padded.sum() == 28 * 28
    assert layers(LeNet5().build((1, 32, 32), 10), nn.ZeroPad2d) == []


def test_dropout_acts_on_the_features_and_on_the_first_hidden_layer_while_training():
    network = LeNet5(dropout=0.25).build((1, 28, 28), 10)
    seen = []
    for layer in layers(network, nn.Dropout):
        assert layer.p == 0.25
        layer.register_forward_hook(lambda _, given, __: seen.append(given[0].shape[1]))
    images = torch.randn(2, 1, 28, 28)
    assert not torch.equal(network(images), network(images))
    assert seen == [400, 120] * 2
    assert torch.equal(network.eval()(images), network(images))


@pytest.mark.parametrize("shape", [(64,), (1, 15, 28), (28, 28)])
def test_what_leaves_no_pixel_to_look_at_is_refused(shape):
    with pytest.raises(InvalidValue, match=r"images of 16x16 pixels or more, got .*model=mlp"):
        LeNet5().build(shape, 10)


def test_the_smallest_image_leaves_one_pixel():
    assert LeNet5().build((1, 16, 40), 10)(torch.randn(2, 1, 16, 40)).shape == (2, 10)


@pytest.mark.parametrize("wrong", [-0.1, 1.0, float("nan")])
def test_illegal_dropout_is_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(LeNet5).validate_python({"dropout": wrong})
