"""Change every image by one random operation of random strength: TrivialAugment.

The operations are shifts, shears and rotations, and changes of brightness, colour, contrast, sharpness and
the number of levels. With nothing to tune it should win on photographs where trainings are long. It should
lose where colour or brightness tells classes apart, where a tilt or a shift does, and in short trainings.

.. [1] Müller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation", ICCV 2021.
   https://arxiv.org/abs/2103.10158
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from winnow.augment._policy import apply_to_each
from winnow.stages import Augment

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class TrivialAugment(Augment):
    """torchvision's `TrivialAugmentWide`, drawn anew for each image; for images of one or three channels."""

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        from torchvision.transforms.v2 import TrivialAugmentWide

        return apply_to_each(TrivialAugmentWide(), images, generator, option="trivial_augment")
