"""Train a classification network of torchvision, from random weights or from those of ImageNet.

From random weights it should win on tens of thousands of photographs, with a GPU. From ImageNet's weights it
should win on a few hundred photographs, and lose to `linear` on pretrained features on a few dozen. It should
lose on digits, where it costs far more than `lenet5`.

.. [1] He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016 (the default
   network). https://arxiv.org/abs/1512.03385
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from winnow.errors import InvalidValue
from winnow.model._library_network import LibraryNetwork
from winnow.network.normalisation import IMAGENET_DEVIATION, IMAGENET_MEAN
from winnow.network.weights import State, Weights

if TYPE_CHECKING:
    import torch

SEVERAL_ANSWERS = {"googlenet", "inception_v3"}
"""Networks that answer twice while they are trained."""


@dataclass(frozen=True, repr=False)
class Torchvision(LibraryNetwork):
    """A classification network of torchvision by its name.

    Parameters
    ----------
    name
        Name of the network: `resnet18`, `convnext_tiny`, `vit_b_16`, ...
    weights
        null: random; `default`: those that torchvision offers, downloaded once to its usual cache; else the
        path of a file with the `state_dict` of the network, whatever its classes.

    Examples
    --------
    >>> sum(weights.numel() for weights in Torchvision("resnet18").build((3, 32, 32), 10).parameters())
    11181642
    """

    library: ClassVar[str] = "torchvision"

    name: str = "resnet18"
    weights: str | None = None

    def check_known(self) -> None:
        from torchvision import models

        known = [name for name in models.list_models(module=models) if name not in SEVERAL_ANSWERS]
        if self.name not in known:
            raise InvalidValue(
                f"name must be one of torchvision's classification networks, got {self.name!r}",
                where=f"model.name={self.name}",
                remedy=f"known: {', '.join(known)}",
            )
        if weights := self.the_weights:
            weights.check_torchvision(self.name)

    def create(self, channels: int, classes: int) -> "torch.nn.Module":
        from torchvision import models

        network = models.get_model(self.name, weights=None, num_classes=classes)
        if self.weights is None:
            _take_channels(network, channels, keep=False)
            return network
        weights = self.the_weights
        _fill(network, weights, weights.of_torchvision(self.name), self.name)
        if channels not in (1, 3):
            raise InvalidValue(
                f"images must have 1 or 3 channels for a network with weights, got {channels}",
                where="model=torchvision",
                remedy="set model.weights=null",
            )
        _take_channels(network, channels, keep=True)
        return network

    def learnt_from(self, weights: Weights) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return IMAGENET_MEAN, IMAGENET_DEVIATION

    def last_layers(self, network: "torch.nn.Module") -> tuple[str, ...]:
        return (_last_layer(network),)


def _last_layer(network: "torch.nn.Module") -> str:
    """Return the name of the last layer, which computes the scores of the classes."""
    from torch import nn

    kinds = (nn.Linear, nn.Conv2d)
    return [path for path, layer in network.named_modules() if isinstance(layer, kinds)][-1]


def _fill(network: "torch.nn.Module", weights: Weights, state: State, name: str) -> None:
    """Copy the weights into all layers but the last one, which computes the scores of other classes."""
    weights.fill(network, state, name, but=(f"{_last_layer(network)}.",))


def _take_channels(network: "torch.nn.Module", channels: int, *, keep: bool) -> None:
    """Make the first convolution take images of so many channels.

    With `keep` it sums its weights over the three colours: it then answers to a grey image as it did to the
    same image with the value repeated for each colour.
    """
    from torch import nn

    if channels == 3:
        return
    path, first = next(
        (path, layer) for path, layer in network.named_modules() if isinstance(layer, nn.Conv2d)
    )
    replacement = nn.Conv2d(
        channels,
        first.out_channels,
        first.kernel_size,
        first.stride,
        first.padding,
        bias=first.bias is not None,
    )
    if keep:
        grey = first.weight.detach().sum(1, keepdim=True)
        replacement.load_state_dict(first.state_dict() | {"weight": grey})
    network.set_submodule(path, replacement)
