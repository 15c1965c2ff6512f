"""Train a small convolutional network for photographs, where LeNet-5 is too shallow to see the subject.

Blocks of a convolution, batch normalisation and ReLU, the picture halved and the channels doubled from one
to the next, and an average over what is left of the picture: where in it the subject stands no longer
matters, and the network takes pictures of any size. The first block looks at every second place only: at
full size it would cost more than all others together. `stride=1 widths=[16,32,64,128,256]` looks at every
place, for twice the time, and is the better network where there are thousands of photographs. Expect it to
win over `lenet5` on colour photographs of 32x32 pixels and more; on digits it costs more and gains little,
and with a few hundred photographs a pretrained network would beat it by far.

.. [1] Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
   ICLR 2015. https://arxiv.org/abs/1409.1556
.. [2] Lin, Chen and Yan, "Network In Network", ICLR 2014, section 3.2 (the average over the picture).
   https://arxiv.org/abs/1312.4400
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from winnow.errors import InvalidValue
from winnow.stages import Model

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ConvNet(Model):
    """One block for each width in `widths`, of 3x3 patches; with `stride=2` the first has 4x4 ones.

    Max-pooling stands between blocks, so every block halves the picture; with `stride=1` all but one do.
    The picture must be large enough for that: with four blocks at stride 2, 16x16 pixels.

    >>> sum(weights.numel() for weights in ConvNet(widths=(2,)).build((1, 8, 8), 3).parameters())
    45
    """

    widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (32, 64, 128, 256)
    stride: Literal[1, 2] = 2
    dropout: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        smallest = self.stride * 2 ** (len(self.widths) - 1)
        if len(shape) != 3 or min(shape[1:]) < smallest:
            raise InvalidValue(
                f"a ConvNet with widths {self.widths} must be given images of {smallest}x{smallest} "
                f"pixels or more, got {shape}",
                remedy="use fewer widths, or model=mlp for features",
            )
        from torch import nn

        layers, fan_in = [], shape[0]
        for width in self.widths:
            # Batch normalisation has a shift of its own, which makes a bias before it idle.
            halving = not layers and self.stride == 2
            layers += [nn.MaxPool2d(2)] if layers else []
            size, stride = (4, 2) if halving else (3, 1)
            layers += [nn.Conv2d(fan_in, width, size, stride, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
            fan_in = width
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(self.dropout)]
        return nn.Sequential(*layers, nn.Linear(fan_in, classes))
