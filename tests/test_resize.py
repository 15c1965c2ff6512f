"""Resizing by matrix products is bilinear interpolation."""

import pytest
import torch
from torch import nn

from winnow.resize import Resize


@pytest.mark.parametrize(("before", "after"), [((28, 28), (32, 32)), ((5, 8), (9, 4)), ((1, 3), (4, 3))])
def test_it_gives_what_the_layer_of_torch_gives(before, after):
    images = torch.randn(4, 3, *before, generator=torch.Generator().manual_seed(0))
    expected = nn.Upsample(after, mode="bilinear")(images)
    torch.testing.assert_close(Resize(before, after)(images), expected, rtol=1e-5, atol=1e-6)


def test_it_has_nothing_to_learn_and_nothing_to_store():
    layer = Resize((28, 28), (32, 32))
    assert not list(layer.parameters())
    assert not layer.state_dict()
    assert layer.to(torch.float64).rows.dtype == torch.float64
