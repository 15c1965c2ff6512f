import torch
from torch import nn

from winnow.model.lenet5_batchnorm import LeNet5BatchNorm


def test_each_convolution_is_followed_by_a_normalisation():
    kinds = [type(layer) for layer in LeNet5BatchNorm().build((1, 28, 28), 10)]
    assert kinds[:9] == [
        nn.Upsample,
        nn.Conv2d,
        nn.BatchNorm2d,
        nn.MaxPool2d,
        nn.ReLU,
        nn.Conv2d,
        nn.BatchNorm2d,
        nn.MaxPool2d,
        nn.ReLU,
    ]


def test_a_last_batch_of_one_image_can_be_trained_on():
    network = LeNet5BatchNorm().build((1, 28, 28), 10).train()
    assert torch.isfinite(network(torch.randn(1, 1, 28, 28))).all()


def test_draws_nothing_at_random_while_training():
    network = LeNet5BatchNorm().build((1, 28, 28), 10).train()
    images = torch.randn(4, 1, 28, 28)
    assert torch.equal(network(images), network(images))
