"""Mirror, tilt and zoom: what another photographer would have done.

A cat seen from the left is a cat seen from the right, at any small tilt and any distance. It should not
be used where left and right differ in meaning: digits, letters, signs.

.. [1] Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks",
   NeurIPS 2012, section 4.1.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from winnow.augment._warp import rotations, uniform, warp
from winnow.stages import Augment

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class FlipRotateScale(Augment):
    """A horizontal flip with probability `flip`, a rotation up to `degrees`, a zoom within 1 ± `scale`."""

    flip: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5
    degrees: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 15.0
    scale: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.1

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        import torch

        batch = len(images)
        draws = torch.rand(batch, generator=generator, device=generator.device).to(images.device)
        turns = rotations(uniform((batch,), self.degrees, images, generator))
        zooms = 1 + uniform((batch, 1, 1), self.scale, images, generator)
        matrices = turns * zooms
        matrices[:, :, 0] *= (1 - 2 * (draws < self.flip).float())[:, None]
        return warp(images, matrices)
