"""Layers that torch does not have. Imported where a network is built, because torch loads slowly."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import interpolate

BATCH_NORMALISATION = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class Frozen(nn.Module):
    """A network of which only the layers named `trained` learn.

    All others keep their weights and run as in evaluation while the network is trained: batch normalisation
    goes by the statistics it has, and nothing is dropped out.
    """

    def __init__(self, network: nn.Module, trained: Sequence[str]) -> None:
        super().__init__()
        self.network, self.trained = network.requires_grad_(False), tuple(trained)
        self.train()
        for name in self.trained:
            network.get_submodule(name).requires_grad_(True)

    def train(self, mode: bool = True) -> "Frozen":
        super().train(False)
        self.training = mode
        for name in self.trained:
            self.network.get_submodule(name).train(mode)
        return self

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)


class KeptStatistics(nn.Module):
    """A network whose batch normalisation goes by the statistics that it has, also while it is trained."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.train()

    def train(self, mode: bool = True) -> "KeptStatistics":
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, BATCH_NORMALISATION):
                layer.train(False)
        return self

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)


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
