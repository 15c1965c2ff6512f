"""Embed images by the image network of any CLIP model of the library OpenCLIP.

It was trained to tell which caption belongs to which image, on hundreds of millions of pairs from the web,
and so distinguishes more than the classes of ImageNet: it should win on photographs of anything that captions
speak of. It should lose on images that nobody describes (spectra, scans, digits), and where only a fine
detail tells the classes apart. It uses captions of other images, so that a selection made with it does not
depend on your data alone.

OpenCLIP comes with `pip install winnow-subset[clip]`.

.. [1] Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021.
   https://arxiv.org/abs/2103.00020
.. [2] Cherti et al., "Reproducible scaling laws for contrastive language-image learning", CVPR 2023 (the
   default weights). https://arxiv.org/abs/2212.07143
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from winnow.embedding._network_features import NetworkFeatures, Prepare
from winnow.errors import InvalidValue, WeightsUnavailable
from winnow.network.weights import one_line

if TYPE_CHECKING:
    import torch

ELSEWHERE = ("hf-hub:", "local-dir:")  # what the name of a model begins with that OpenCLIP does not have
HINT = "python -c 'import open_clip; print(open_clip.list_pretrained())' lists them"


@dataclass(frozen=True, repr=False)
class OpenCLIP(NetworkFeatures):
    """An image as CLIP compares it with captions, images prepared as the network was trained.

    Parameters
    ----------
    network
        Name of the model (`ViT-B-32`, `convnext_base_w`), or `hf-hub:` and a name there, or `local-dir:` and
        a folder with its files.
    weights
        Tag of weights that OpenCLIP knows for the model, downloaded once to the usual cache; or the path of a
        file with the `state_dict` of the whole model (`.safetensors`, or torch's format). null for `hf-hub:`
        and `local-dir:`, which hold them.
    side
        Height and width in pixels of what the network is given; null: those it was trained on.
    """

    library: ClassVar[str] = "open_clip_torch"

    network: str = "ViT-B-32"
    weights: str | None = "laion2b_s34b_b79k"
    side: Annotated[int, Field(ge=32)] | None = None

    def _weights_identity(self) -> str:
        if self.weights is not None and self.weights_file().is_file():
            return super()._weights_identity()
        # Without OpenCLIP nothing can be embedded, but a configuration can be shown.
        from importlib.metadata import version

        by = f"{self.library} {version(self.library)}" if find_spec("open_clip") else self.library
        return f"{self.weights} of {by}"

    def load(self) -> tuple["torch.nn.Module", Prepare]:
        if find_spec("open_clip") is None:
            raise InvalidValue(
                "embedding=open_clip must find the library open_clip, got none",
                where="embedding=open_clip",
                remedy="pip install winnow-subset[clip]",
            )
        self._require_known()
        import open_clip
        import torch

        with torch.random.fork_rng(devices=[]):  # the initial weights are random, then replaced
            try:
                model = open_clip.create_model(
                    self.network, self.weights, force_image_size=self.side, require_pretrained=True
                )
            except Exception as error:  # of several libraries, by the place that the weights come from
                raise self._unavailable(f"fit {self.network}, got {one_line(error)}") from error
        return _image_network(model), _preparation(model)

    def known_width(self) -> int | None:
        if self.network.startswith(ELSEWHERE) or not find_spec("open_clip"):
            return None
        import open_clip

        described = open_clip.get_model_config(self.network)
        return described and described["embed_dim"]

    def _require_known(self) -> None:
        """Refuse a network, or weights, that OpenCLIP does not know."""
        import open_clip

        if self.network.startswith(ELSEWHERE):
            return
        if self.network not in open_clip.list_models():
            rule = f"network must be one of OpenCLIP's, got {self.network!r}"
            raise InvalidValue(rule, where=f"embedding.network={self.network}", remedy=HINT)
        tags = open_clip.list_pretrained_tags_by_model(self.network)
        if self.weights not in tags and not (self.weights and self.weights_file().is_file()):
            known = ", ".join(tags) or "none, only files"
            raise self._unavailable(f"be a file or known for {self.network} ({known}), got {self.weights}")

    def _unavailable(self, rule: str) -> WeightsUnavailable:
        return WeightsUnavailable(
            f"weights must {rule}",
            where=f"embedding.weights={self.weights}",
            remedy="connect to the network, or set embedding.weights to a file with the model's state_dict",
        )


def _image_network(model: "torch.nn.Module") -> "torch.nn.Module":
    from torch import nn

    class Images(nn.Module):
        """The part of a CLIP model that embeds images."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, images: "torch.Tensor") -> "torch.Tensor":
            return self.model.encode_image(images)

    return Images()


def _preparation(model: "torch.nn.Module") -> Prepare:
    """Return OpenCLIP's own steps for a model, but for those that turn a PIL image into a tensor."""
    import open_clip
    from open_clip.transform import PreprocessCfg, image_transform_v2
    from torchvision.transforms import CenterCrop, Compose, Normalize, Resize

    settings = PreprocessCfg(**open_clip.get_model_preprocess_cfg(model))
    if settings.resize_mode == "longest":
        raise InvalidValue(
            "network must take images that are cut or squeezed to a square, got one that pads them",
            where="embedding.network",
            remedy="use another network",
        )
    steps = image_transform_v2(settings, is_train=False).transforms
    resize = Compose([step for step in steps if isinstance(step, Resize | CenterCrop)])
    normalise = next(step for step in steps if isinstance(step, Normalize))

    def prepare(images: "torch.Tensor") -> "torch.Tensor":
        return normalise(resize(images) / 255)

    return prepare
