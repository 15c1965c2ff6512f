"""Transform a batch of images geometrically: what the geometric augmentations have in common.

Coordinates are in pixels from the centre of the image, x to the right and y down, so that a rotation keeps
angles on images that are not square, too. A transformation gives, for each pixel of the result, the point
of the source image at which its value is read.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def transform(
    images: "torch.Tensor", matrices: "torch.Tensor", shifts: "torch.Tensor | float" = 0.0
) -> "torch.Tensor":
    """Read each pixel p of the result at `matrices @ p + shifts` of the source, by bilinear interpolation.

    `images` are (b, c, h, w), `matrices` (b, 2, 2), `shifts` anything that broadcasts to (b, h, w, 2), in
    pixels. Outside the source the nearest edge pixel is read: it shows the background whatever its value,
    while the right constant would depend on how the images were normalised.

    >>> import torch
    >>> row = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    >>> transform(row, torch.eye(2)[None], torch.tensor([1.0, 0.0]))
    tensor([[[[2., 3., 3.]]]])
    """
    import torch
    from torch.nn.functional import grid_sample

    height, width = images.shape[2:]
    y = torch.arange(height, device=images.device) - (height - 1) / 2
    x = torch.arange(width, device=images.device) - (width - 1) / 2
    pixels = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], dim=-1)
    sources = torch.einsum("bij,hwj->bhwi", matrices, pixels) + shifts
    # Two products with plain numbers: a tensor (width, height) would have to be copied to the GPU, and a
    # CUDA graph cannot record such a copy.
    grid = torch.stack([sources[..., 0] * (2 / width), sources[..., 1] * (2 / height)], dim=-1)
    return grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def uniform_draws(
    shape: tuple[int, ...], limit: float, images: "torch.Tensor", generator: "torch.Generator"
) -> "torch.Tensor":
    """Draw uniformly from [-limit, limit) on the device of `generator`; return it on that of `images`."""
    import torch

    draws = torch.rand(shape, generator=generator, device=generator.device)
    return ((2 * draws - 1) * limit).to(images.device)


def rotation_matrices(degrees: "torch.Tensor") -> "torch.Tensor":
    """Return one 2x2 rotation matrix for each angle.

    A positive angle turns the points at which `transform` reads, and therefore turns the image backwards.

    >>> import torch
    >>> rotation_matrices(torch.tensor([90.0])).round().abs()
    tensor([[[0., 1.],
             [1., 0.]]])
    """
    import torch

    radians = degrees * (math.pi / 180)
    cosine, sine = radians.cos(), radians.sin()
    return torch.stack([cosine, -sine, sine, cosine], dim=-1).reshape(*degrees.shape, 2, 2)
