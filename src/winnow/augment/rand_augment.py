"""Change every image by a few random operations of one strength: RandAugment.

The operations are those of `trivial_augment`, several one after the other. It should win on photographs where
trainings are long and the strength is tuned. It should lose where colour or brightness tells classes apart,
where a tilt or a shift does, and in short trainings.

.. [1] Cubuk, Zoph, Shlens and Le, "RandAugment: Practical automated data augmentation with a reduced search
   space", NeurIPS 2020. https://arxiv.org/abs/1909.13719
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from winnow.augment._policy import apply_to_each
from winnow.stages import Augment

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class RandAugment(Augment):
    """torchvision's `RandAugment`, drawn anew for each image; for images of one or three channels.

    Parameters
    ----------
    operations
        Number of operations one after the other.
    magnitude
        Their strength, from 0 to 30.
    """

    operations: Annotated[int, Field(ge=1)] = 2
    magnitude: Annotated[int, Field(ge=0, le=30)] = 9

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        from torchvision.transforms import v2

        policy = v2.RandAugment(num_ops=self.operations, magnitude=self.magnitude)
        return apply_to_each(policy, images, generator, option="rand_augment")
