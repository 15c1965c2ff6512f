"""Move the pixels of a whole batch of images at once: the common part of the geometric augmentations.

Everything is in pixels from the centre of the image, x to the right and y down, so that a rotation is a
rotation on images that are not square, too. A transformation says, for each pixel of the result, where to
look in the source.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def warp(
    images: "torch.Tensor", matrices: "torch.Tensor", shifts: "torch.Tensor | float" = 0.0
) -> "torch.Tensor":
    """Look up each pixel p of the result at `matrices @ p + shifts` in the source, between pixels linearly.

    `images` are (b, c, h, w), `matrices` (b, 2, 2), `shifts` anything that fits (b, h, w, 2). Outside the
    source its nearest edge pixel is taken: that is the background whatever its value, whereas a constant
    would have to know how the images were normalised.

    >>> import torch
    >>> row = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    >>> warp(row, torch.eye(2)[None], torch.tensor([1.0, 0.0]))
    tensor([[[[2., 3., 3.]]]])
    """
    import torch
    from torch.nn.functional import grid_sample

    height, width = images.shape[2:]
    y = torch.arange(height, device=images.device) - (height - 1) / 2
    x = torch.arange(width, device=images.device) - (width - 1) / 2
    pixels = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], dim=-1)
    sources = torch.einsum("bij,hwj->bhwi", matrices, pixels) + shifts
    # By numbers: a tensor of them would have to be copied to a GPU, which no CUDA graph can record.
    grid = torch.stack([sources[..., 0] * (2 / width), sources[..., 1] * (2 / height)], dim=-1)
    return grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def uniform(
    shape: tuple[int, ...], limit: float, images: "torch.Tensor", generator: "torch.Generator"
) -> "torch.Tensor":
    """Draw from [-limit, limit), where `generator` lives, and bring it to where `images` are."""
    import torch

    draws = torch.rand(shape, generator=generator, device=generator.device)
    return ((2 * draws - 1) * limit).to(images.device)


def rotations(degrees: "torch.Tensor") -> "torch.Tensor":
    """Return one matrix for each angle; looking up the source turned one way turns the image the other.

    >>> import torch
    >>> rotations(torch.tensor([90.0])).round().abs()
    tensor([[[0., 1.],
             [1., 0.]]])
    """
    import torch

    radians = degrees * (math.pi / 180)
    cosine, sine = radians.cos(), radians.sin()
    return torch.stack([cosine, -sine, sine, cosine], dim=-1).reshape(*degrees.shape, 2, 2)
