"""Bend, turn, stretch and shift: what different hands do to the same character.

With few images kept, distorted copies are worth more than any way of selecting: on MNIST the median of
600 random images rises from 96.3 to 97.9 %. It should not be used where a turn or a stretch changes the
meaning, nor for very short trainings, which cannot use the variety.

.. [1] Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks Applied to Visual
   Document Analysis", ICDAR 2003, section 2. https://doi.org/10.1109/ICDAR.2003.1227801
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from winnow.augment._warp import rotations, uniform, warp
from winnow.stages import Augment

if TYPE_CHECKING:
    import torch

Strength = Annotated[float, Field(ge=0, allow_inf_nan=False)]
CONTROL_POINTS = 5


@dataclass(frozen=True)
class AffineElastic(Augment):
    """A random affine map and a smooth random displacement for each image; zeros leave it as it is.

    Up to `degrees` of rotation, `exp(±log_scale)` per axis, `±shear`, `±shift` pixels, and normal
    displacements of `elastic` pixels (standard deviation) at 5x5 points, bicubic between them; all five
    times `strength`. The fewer images there are, the further they may be bent.
    """

    strength: Strength = 1.0
    degrees: Strength = 20.0
    log_scale: Strength = 0.25
    shear: Strength = 0.3
    shift: Strength = 2.0
    elastic: Strength = 1.5

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        import torch

        batch = len(images)

        def draw(shape: tuple[int, ...], limit: float) -> "torch.Tensor":
            return uniform(shape, self.strength * limit, images, generator)

        turns = rotations(draw((batch,), self.degrees))
        scales = torch.diag_embed(draw((batch, 2), self.log_scale).exp())
        shears = torch.eye(2, device=images.device).repeat(batch, 1, 1)
        shears[:, 0, 1] = draw((batch,), self.shear)
        shifts = draw((batch, 1, 1, 2), self.shift)
        return warp(images, turns @ shears @ scales, shifts + self._displacements(images, generator))

    def _displacements(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        import torch
        from torch.nn.functional import interpolate

        shape = (len(images), 2, CONTROL_POINTS, CONTROL_POINTS)
        controls = torch.randn(shape, generator=generator, device=generator.device).to(images.device)
        smooth = interpolate(controls, images.shape[2:], mode="bicubic", align_corners=True)
        return self.strength * self.elastic * smooth.permute(0, 2, 3, 1)
