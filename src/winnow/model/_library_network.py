"""Networks of a library by name: what the options that build them have in common."""

from abc import abstractmethod
from dataclasses import dataclass, fields
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from winnow.errors import InvalidValue
from winnow.network.weights import Weights
from winnow.stages import Model

if TYPE_CHECKING:
    import torch

DEFAULT = "default"


@dataclass(frozen=True, repr=False)
class LibraryNetwork(Model):
    """A network by its name in a library, with a last layer for the classes at hand.

    All of it is trained, unless it is frozen. Inputs are normalised by mean and deviation of the training
    set, as for every network; on photographs these are near those of ImageNet. The `repr`, and with it the
    cache key, holds the checksum of the file of weights and not its path.

    Parameters
    ----------
    side
        Height and width to which images are resized before the first layer; null: they stay as they are.
    small_stem
        Whether the first convolution is 3x3 with stride 1 and no pooling follows, as a ResNet for images of
        32x32 pixels begins; without it these are 8x8 after two layers. Not together with weights.
    frozen
        Whether only the last layer learns, and all others keep their weights and the statistics of their
        batch normalisation. `linear_probe` is quicker where images are not augmented. Only with weights.
    """

    library: ClassVar[str]
    """The distribution whose version says which weights it downloads."""

    name: ClassVar[str]
    weights: ClassVar[str | None]

    side: Annotated[int, Field(ge=1)] | None = None
    small_stem: bool = False
    frozen: bool = False

    def __repr__(self) -> str:
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        settings["weights"] = self._weights_identity()
        listed = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        return f"{type(self).__name__}({listed})"

    def _weights_identity(self) -> str | None:
        if self.weights is None:
            return None
        if self.weights == DEFAULT:
            return f"those of {self.library} {version(self.library)}"
        path = self.weights_file(self.weights)
        if not path.is_file():
            return str(path)
        with path.open("rb") as file:
            return f"sha256:{file_digest(file, 'sha256').hexdigest()}"

    def weights_file(self, weights: str) -> Path:
        """Return the path that `weights` stands for, where it is not `default`."""
        return Path(weights)

    @property
    def the_weights(self) -> Weights | None:
        """What `weights` stands for; None: random ones."""
        if self.weights is None:
            return None
        return Weights("model.weights", None if self.weights == DEFAULT else self.weights_file(self.weights))

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        option = type(self).__module__.rpartition(".")[2]
        if len(shape) != 3:
            raise InvalidValue(
                f"a network of {self.library} must be given images, got rows of shape {shape}",
                where=f"model={option}",
                remedy="use model=mlp or model=linear for features",
            )
        if self.small_stem and self.weights:
            raise InvalidValue(
                "small_stem must be false with weights, whose first layer is larger, got true",
                where="model.small_stem=true",
                remedy="set model.weights=null, or model.side=224 to enlarge the images",
            )
        if self.frozen and self.weights is None:
            raise InvalidValue(
                "frozen must be false for random weights, got true",
                where="model.frozen=true",
                remedy="set model.weights=default, or frozen to false",
            )
        network = self.create(shape[0], classes)
        if self.small_stem:
            shrink_stem(network, self.name)
        from torch import nn

        from winnow.model._layers import Frozen, Resize

        if self.frozen:
            network = Frozen(network, self.last_layers(network))
        return network if self.side is None else nn.Sequential(Resize(self.side), network)

    @abstractmethod
    def create(self, channels: int, classes: int) -> "torch.nn.Module":
        """Return the network for images of so many channels, its last layer with random weights."""

    @abstractmethod
    def last_layers(self, network: "torch.nn.Module") -> tuple[str, ...]:
        """Return the names of the layers, most often one, that compute the scores of the classes."""


def shrink_stem(network: "torch.nn.Module", name: str) -> None:
    """Replace the first convolution by one of 3x3 and stride 1, and the pooling after it by nothing.

    He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2.
    """
    from torch import nn

    first, pooling = getattr(network, "conv1", None), getattr(network, "maxpool", None)
    if not isinstance(first, nn.Conv2d) or pooling is None:
        raise InvalidValue(
            f"small_stem must be false but for a ResNet, got true for {name}",
            where="model.small_stem=true",
            remedy="use model.name=resnet18, or model=convnet or model=resnet9",
        )
    network.conv1 = nn.Conv2d(first.in_channels, first.out_channels, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
