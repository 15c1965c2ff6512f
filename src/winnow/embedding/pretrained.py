"""Embed images by a network of torchvision that was trained on the photographs of ImageNet.

Its last features distinguish a thousand classes of photographs: it should win on photographs, where distances
between pixels depend mostly on the lighting. It should lose on images unlike any photograph (digits, spectra,
scans). It uses labels of other data, so that a selection made with it does not depend on your data alone.

.. [1] Donahue et al., "DeCAF: A Deep Convolutional Activation Feature for Generic Visual Recognition",
   ICML 2014. https://arxiv.org/abs/1310.1531
"""

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from winnow.embedding._network_features import NetworkFeatures, Prepare, normalised
from winnow.errors import InvalidValue
from winnow.network.normalisation import IMAGENET_DEVIATION, IMAGENET_MEAN

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, repr=False)
class Pretrained(NetworkFeatures):
    """The input of the last linear layer of a classification network of torchvision.

    Parameters
    ----------
    network
        Name of the network, any of torchvision's classification networks.
    weights
        Path of a file with the `state_dict` of the network (`.safetensors`, or torch's format); null:
        torchvision's weights, downloaded once.
    side
        Height and width in pixels to which images are resized; null: those on which torchvision tested the
        network.
    """

    library: ClassVar[str] = "torchvision"

    network: str = "resnet18"
    weights: str | None = None
    side: Annotated[int, Field(ge=32)] | None = None

    def load(self) -> tuple["torch.nn.Module", Prepare]:
        import torch
        from torchvision import models

        known = models.list_models(module=models)
        if self.network not in known:
            raise InvalidValue(
                f"network must be one of torchvision's classification networks, got {self.network!r}",
                where=f"embedding.network={self.network}",
                remedy=f"known: {', '.join(known)}",
            )
        with torch.random.fork_rng(devices=[]):  # the initial weights are random, then replaced
            network = models.get_model(self.network, weights=None)
        weights = self.the_weights()
        weights.fill(network, weights.of_torchvision(self.network), self.network)
        _leave_out_last_layer(network)
        return network, partial(_photographs, side=self.side or _side_of(self.network))

    def known_width(self) -> int | None:
        return _width_of(self.network)


@cache
def _width_of(name: str) -> int | None:
    """Return how many values enter the last linear layer; None if that takes more than the shapes of weights.

    >>> _width_of("resnet18"), _width_of("squeezenet1_0")
    (512, None)
    """
    import torch
    from torchvision import models

    if name not in models.list_models(module=models):
        return None
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            network = models.get_model(name, weights=None)
    except NotImplementedError:  # RegNets compute their own shape
        return None
    last = _last_linear_layer(network)
    return last and network.get_submodule(last).in_features


def _side_of(name: str) -> int:
    """Return the side of the images that torchvision gives a network with its own weights.

    >>> _side_of("resnet18"), _side_of("inception_v3")
    (224, 299)
    """
    from torchvision import models

    return models.get_model_weights(name).DEFAULT.transforms().crop_size[0]


def _last_linear_layer(network: "torch.nn.Module") -> str | None:
    from torch import nn

    linear = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    return linear[-1] if linear else None


def _leave_out_last_layer(network: "torch.nn.Module") -> None:
    """Replace the last linear layer, which computes the scores of ImageNet's classes, by the identity."""
    from torch import nn

    last = _last_linear_layer(network)
    if last is None:
        raise InvalidValue(
            "network must end in a linear layer, got one without", remedy="use embedding.network=resnet18"
        )
    parent, _, name = last.rpartition(".")
    setattr(network.get_submodule(parent), name, nn.Identity())


def _photographs(images: "torch.Tensor", side: int) -> "torch.Tensor":
    """Return uint8 images resized, and normalised as ImageNet's are."""
    from torch.nn.functional import interpolate

    large = interpolate(images / 255, (side, side), mode="bilinear", antialias=True)
    return normalised(large, IMAGENET_MEAN, IMAGENET_DEVIATION)
