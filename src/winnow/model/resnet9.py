"""Train a small, fast residual network for photographs of 32x32 pixels, as in the races to train CIFAR-10.

Eight convolutions and a linear layer with two residual connections [1]_: it reached 94 % on CIFAR-10 in
little more than a minute of one GPU. It should win over `convnet` on thousands of photographs of this size.
It should lose on digits, where it costs far more than `lenet5`, and on large photographs, of which it halves
the side three times only.

.. [1] Page, "How to train your ResNet", part 4, 2018. https://github.com/davidcpage/cifar10-fast
.. [2] He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, equation 1.
   https://arxiv.org/abs/1512.03385
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from winnow.errors import InvalidValue
from winnow.stages import Model

if TYPE_CHECKING:
    import torch

SMALLEST_SIDE = 8  # pixels: what three poolings bring to one


@dataclass(frozen=True)
class ResNet9(Model):
    """The network of [1]_, but for a global pooling that takes images of any size.

    Blocks are a 3x3 convolution, batch normalisation and ReLU; with `width` w they have w, 2w, 4w and 8w
    channels. After the second and the last stand two more blocks around which their input is added [2]_.

    Parameters
    ----------
    width
        Number of channels of the first block; cost and number of weights grow with its square.
    scale
        Factor of the scores of classes. A small one keeps them from being far too sure at first.

    Examples
    --------
    >>> sum(weights.numel() for weights in ResNet9().build((3, 32, 32), 10).parameters())
    6573120
    """

    width: Annotated[int, Field(ge=1)] = 64
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.125

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        if len(shape) != 3 or min(shape[1:]) < SMALLEST_SIDE:
            raise InvalidValue(
                f"ResNet-9 must be given images of {SMALLEST_SIDE}x{SMALLEST_SIDE} pixels or more, "
                f"got {shape}",
                remedy="use model=mlp or model=linear for features",
            )
        from torch import nn

        from winnow.model._layers import Residual, Scale

        def block(inputs: int, outputs: int) -> list[nn.Module]:
            convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]

        def residual(width: int) -> Residual:
            return Residual(*block(width, width), *block(width, width))

        w = self.width
        return nn.Sequential(
            *block(shape[0], w),
            *(*block(w, 2 * w), nn.MaxPool2d(2), residual(2 * w)),
            *(*block(2 * w, 4 * w), nn.MaxPool2d(2)),
            *(*block(4 * w, 8 * w), nn.MaxPool2d(2), residual(8 * w)),
            *(
                nn.AdaptiveMaxPool2d(1),
                nn.Flatten(),
                nn.Linear(8 * w, classes, bias=False),
                Scale(self.scale),
            ),
        )
