"""Train a small convolutional network for photographs, which need more layers than LeNet-5 has.

Blocks of a convolution, batch normalisation and ReLU, each at half the resolution of the one before, and a
global average pooling at the end [2]_: the position of the subject then matters little, and images of any
size are accepted. It should win over `lenet5` on colour photographs of 32x32 pixels and more. It should
lose on digits, where it costs more and gains little, and on a few hundred photographs, where a pretrained
network is better by far.

.. [1] Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
   ICLR 2015. https://arxiv.org/abs/1409.1556
.. [2] Lin, Chen and Yan, "Network In Network", ICLR 2014, section 3.2 (global average pooling).
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
    """Convolutional blocks with max-pooling between them, for images of any number of channels.

    Kernels are 3x3, in a first block of stride 2 4x4. Images must be large enough to be halved that often:
    with four blocks and stride 2, at least 16x16 pixels.

    Parameters
    ----------
    widths
        Number of output channels of each block; as many blocks as values.
    stride
        Stride of the first block. 2 halves its cost, which otherwise exceeds that of all others together;
        1 with `widths` [16, 32, 64, 128, 256] takes twice the time and is better on thousands of photographs.
    dropout
        Probability with which an input of the last layer is set to zero in training.

    Examples
    --------
    >>> sum(weights.numel() for weights in ConvNet(widths=(2,)).build((1, 8, 8), 3).parameters())
    45
    """

    widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (32, 64, 128, 256)
    stride: Literal[1, 2] = 2
    dropout: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0

    def check_shape(self, shape: tuple[int, ...]) -> None:
        smallest = self.stride * 2 ** (len(self.widths) - 1)
        if len(shape) != 3 or min(shape[1:]) < smallest:
            raise InvalidValue(
                f"a ConvNet with widths {self.widths} must be given images of {smallest}x{smallest} "
                f"pixels or more, got {shape}",
                remedy="use fewer widths, or model=mlp for features",
            )

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        self.check_shape(shape)
        from torch import nn

        layers, fan_in = [], shape[0]
        for width in self.widths:
            # Batch normalisation adds a bias itself and cancels any bias before it.
            halving = not layers and self.stride == 2
            layers += [nn.MaxPool2d(2)] if layers else []
            size, stride = (4, 2) if halving else (3, 1)
            layers += [nn.Conv2d(fan_in, width, size, stride, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
            fan_in = width
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(self.dropout)]
        return nn.Sequential(*layers, nn.Linear(fan_in, classes))
