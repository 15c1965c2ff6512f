"""Train LeNet-5 with batch normalisation after each convolution, as earlier studies of subsets did.

It makes results comparable with those studies. Batch normalisation should win in trainings of few steps at
an untuned learning rate. It should lose to `lenet5` with a tuned rate and dropout where only a few hundred
images are kept, because the statistics of small batches vary too much.

.. [1] Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
   Covariate Shift", ICML 2015, algorithm 1. https://arxiv.org/abs/1502.03167
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from winnow.model.lenet5 import build_lenet5, check_images
from winnow.stages import Model

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LeNet5BatchNorm(Model):
    """LeNet-5 with batch normalisation and without dropout, for the images that `LeNet5` takes.

    Images of 28x28 are resized to 32x32 (`LeNet5` pads them with zeros instead).

    >>> sum(weights.numel() for weights in LeNet5BatchNorm().build((1, 28, 28), 10).parameters())
    61750
    """

    def check_shape(self, shape: tuple[int, ...]) -> None:
        check_images(shape)

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        return build_lenet5(shape, classes, dropout=0.0, batch_norm=True, resize=True)
