"""Layers that torch does not have. Imported where a network is built, because torch loads slowly."""

from torch import Tensor, nn
from torch.nn.functional import interpolate


class Residual(nn.Module):
    """Adds what its layers make of the input to the input."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Scale(nn.Module):
    """Multiplies by a fixed factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


class Resize(nn.Module):
    """Brings images to a square by bilinear interpolation."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, images: Tensor) -> Tensor:
        return interpolate(images, (self.side, self.side), mode="bilinear", antialias=True)
