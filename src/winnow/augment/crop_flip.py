"""Crop at random places and flip: what nearly every training on small photographs does.

Images are padded by their edges and cut back to their size at a random place, then mirrored half of the time.
It should win on photographs of 32x32 pixels. It should lose where left and right differ in meaning (digits,
letters, signs), and where the subject fills a large image.

.. [1] He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2 (which
   pads by zeros). https://arxiv.org/abs/1512.03385
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from winnow.stages import Augment

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class CropFlip(Augment):
    """A random crop of the padded image and a random horizontal flip, for each image.

    Parameters
    ----------
    padding
        Pixels by which images are padded on each side: the largest shift along each axis.
    flip
        Probability of a horizontal flip.

    Examples
    --------
    >>> import torch
    >>> row = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    >>> CropFlip(padding=0, flip=1.0)(row, torch.Generator())
    tensor([[[[3., 2., 1.]]]])
    """

    padding: Annotated[int, Field(ge=0)] = 4
    flip: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        import torch

        batch, _, height, width = images.shape
        device = generator.device
        places = torch.randint(2 * self.padding + 1, (2, batch, 1), generator=generator, device=device)
        mirrored = torch.rand(batch, 1, generator=generator, device=device) < self.flip
        shifts, mirrored = places.to(images.device) - self.padding, mirrored.to(images.device)
        # Pixels are read where they lie in the source; beyond its edge, on the edge.
        rows = (torch.arange(height, device=images.device) + shifts[0]).clamp(0, height - 1)
        columns = (torch.arange(width, device=images.device) + shifts[1]).clamp(0, width - 1)
        columns = torch.where(mirrored, columns.flip(1), columns)
        each = torch.arange(batch, device=images.device)[:, None, None]
        # Indices side by side bring the channels to the end.
        return images[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
