"""Apply an augmentation policy of torchvision to each image of a batch, with random numbers of its own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from winnow.errors import InvalidValue
from winnow.network.global_generator import seeded_from

if TYPE_CHECKING:
    import torch

LEVELS = 255


def apply_to_each(
    policy: "Callable[[torch.Tensor], torch.Tensor]",
    images: "torch.Tensor",
    generator: "torch.Generator",
    *,
    option: str,
) -> "torch.Tensor":
    """Return what `policy` makes of each image (b, c, h, w), given to it with values of 0 to 255.

    Policies change brightness and contrast, invert and posterise: they must know what black and white are,
    and normalised images do not show it. What a channel has at most and at least in the batch is taken for
    that, to which any batch of photographs comes near. Values are rounded to 256 levels between them.

    Raises
    ------
    InvalidValue
        If images have another number of channels than 1 and 3.
    """
    import torch

    if images.shape[1] not in (1, 3):
        raise InvalidValue(
            f"images must have 1 or 3 channels, got {images.shape[1]}",
            where=f"augment={option}",
            remedy="use augment=crop_flip",
        )
    black, white = (limit(images, dim=(0, 2, 3), keepdim=True) for limit in (torch.amin, torch.amax))
    spread = white - black
    levels = (images - black) / torch.where(spread > 0, spread, 1) * LEVELS
    with seeded_from(generator):
        changed = torch.stack([policy(image) for image in levels.round().to(torch.uint8)])
    return torch.lerp(black, white, changed / LEVELS)  # exact at both ends
