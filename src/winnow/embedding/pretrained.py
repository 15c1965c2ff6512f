"""Embed images by a network that was trained on the photographs of ImageNet.

Its last features distinguish a thousand classes of photographs: it should win on photographs, where distances
between pixels depend mostly on the lighting. It should lose on images unlike any photograph (digits, spectra,
scans). It uses labels of other data, so that a selection made with it does not depend on your data alone.

.. [1] Donahue et al., "DeCAF: A Deep Convolutional Activation Feature for Generic Visual Recognition",
   ICML 2014. https://arxiv.org/abs/1310.1531
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from jaxtyping import Float32, Shaped, UInt8
from numpy import ndarray
from pydantic import Field

from winnow.embedding._whiten_normalize import ScaledEmbedding
from winnow.errors import InvalidValue, WeightsUnavailable
from winnow.store.download import why_unreachable

if TYPE_CHECKING:
    import torch

# Mean and standard deviation of the channels of ImageNet, by which torchvision's networks expect images to
# be normalised.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CHUNK = 64  # images embedded at once
PROBE_SECONDS = 4.0  # to wait for an answer of the server before a download is given up


@dataclass(frozen=True, repr=False)
class Pretrained(ScaledEmbedding):
    """The input of the last linear layer of a classification network of torchvision.

    For images of one or three channels; grey ones are repeated to three. The `repr`, and with it the cache
    key, holds the checksum of the file of weights and not its path.

    Parameters
    ----------
    network
        Name of the network, any of torchvision's classification networks.
    weights
        Path of a file with the `state_dict` of the network; null: torchvision's weights, downloaded once.
    side
        Height and width in pixels to which images are resized.
    """

    network: str = "resnet18"
    weights: str | None = None
    side: Annotated[int, Field(ge=32)] = 224

    def __repr__(self) -> str:
        path = self.weights and Path(self.weights)
        if path and path.is_file():
            path = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        settings["weights"] = str(path)
        return f"Pretrained({', '.join(f'{name}={value!r}' for name, value in settings.items())})"

    def embed(self, x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
        if x.ndim != 4 or x.dtype != np.uint8 or x.shape[1] not in (1, 3):
            raise InvalidValue(
                f"a pretrained network must be given images of 1 or 3 channels, got {x.dtype} rows of "
                f"shape {x.shape[1:]}",
                where="embedding=pretrained",
                remedy="use embedding=pca or embedding=identity",
            )
        import torch

        from winnow.network.device import one_thread

        network = self._load().eval()
        _leave_out_last_layer(network)
        with one_thread(), torch.inference_mode():
            chunks = [
                network(_photographs(x[start : start + CHUNK], self.side))
                for start in range(0, len(x), CHUNK)
            ]
            return torch.cat(chunks).numpy()

    def _load(self) -> "torch.nn.Module":
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
        state = self._downloaded() if self.weights is None else self._from_file(self.weights)
        try:
            network.load_state_dict(state)
        except (RuntimeError, TypeError) as error:
            first = " ".join(str(error).split("\n")[:2])
            raise self._unavailable(f"fit {self.network}, got {first}") from error
        return network

    def _from_file(self, path: str) -> Mapping[str, Any]:
        import torch

        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # damaged files raise errors of many types
            raise self._unavailable(f"be a readable file of weights, got {_one_line(error)}") from error

    def _downloaded(self) -> Mapping[str, Any]:
        import torch
        from torchvision import models

        weights = models.get_model_weights(self.network).DEFAULT
        kept = Path(torch.hub.get_dir(), "checkpoints", weights.url.rpartition("/")[2])
        if not kept.is_file() and (reason := why_unreachable([weights.url], PROBE_SECONDS)):
            raise self._unavailable(f"be downloaded, got {reason}")
        try:
            return weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
        except (OSError, RuntimeError) as error:
            raise self._unavailable(f"be downloaded, got {_one_line(error)}") from error

    def _unavailable(self, rule: str) -> WeightsUnavailable:
        return WeightsUnavailable(
            f"weights must {rule}",
            where=f"embedding.weights={self.weights}",
            remedy="connect to the network, or save them elsewhere with torch.save(model.state_dict(), file) "
            "and set embedding.weights=file",
        )


def _leave_out_last_layer(network: "torch.nn.Module") -> None:
    """Replace the last linear layer, which computes the scores of ImageNet's classes, by the identity."""
    from torch import nn

    linear = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    if not linear:
        raise InvalidValue(
            "network must end in a linear layer, got one without", remedy="use embedding.network=resnet18"
        )
    parent, _, name = linear[-1].rpartition(".")
    setattr(network.get_submodule(parent), name, nn.Identity())


def _photographs(images: UInt8[ndarray, "b c h w"], side: int) -> "torch.Tensor":
    """Return images resized, with three channels, normalised as ImageNet's are."""
    import torch
    from torch.nn.functional import interpolate

    pixels = torch.tensor(images, dtype=torch.float32).expand(-1, 3, -1, -1) / 255
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    large = interpolate(pixels, (side, side), mode="bilinear", antialias=True)
    return (large - mean) / deviation


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
