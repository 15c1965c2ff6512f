"""Flip, rotate and scale images: changes of view that leave the subject of a photograph the same.

It should help on photographs, whose subject is the same when mirrored, tilted a little, or seen from nearer
by. It should lose where left and right differ in meaning: digits, letters, signs.

.. [1] Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks",
   NeurIPS 2012, section 4.1.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from winnow.augment._geometric_transform import rotation_matrices, transform, uniform_draws
from winnow.stages import Augment

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class FlipRotateScale(Augment):
    """A random horizontal flip, rotation and scale for each image.

    Parameters
    ----------
    flip
        Probability of a horizontal flip.
    degrees
        Largest angle of the rotation, in degrees; angles are drawn uniformly, in both directions.
    scale
        Largest relative change of size: scale factors are drawn uniformly from 1 - `scale` to 1 + `scale`.
    """

    flip: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5
    degrees: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 15.0
    scale: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.1

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        import torch

        batch = len(images)
        draws = torch.rand(batch, generator=generator, device=generator.device).to(images.device)
        turns = rotation_matrices(uniform_draws((batch,), self.degrees, images, generator))
        zooms = 1 + uniform_draws((batch, 1, 1), self.scale, images, generator)
        matrices = turns * zooms
        matrices[:, :, 0] *= (1 - 2 * (draws < self.flip).float())[:, None]
        return transform(images, matrices)
