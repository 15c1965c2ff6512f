"""Train on the images as they are.

The reference for every other option, and right where data are plenty or must not be altered.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from winnow.stages import Augment

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Unchanged(Augment):
    """No distortion at all; draws nothing."""

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        return images.clone()
