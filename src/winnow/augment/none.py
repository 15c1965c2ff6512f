"""Train on the images as they are.

The reference for every other option. It should win where images are many or must not be altered, and lose
where few images are kept.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from winnow.stages import Augment

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Unchanged(Augment):
    """No distortion; draws no random numbers."""

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        return images.clone()
