"""Networks of a library by name: what the options that build them have in common."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
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

    All of it is trained, unless it is frozen. Images are normalised as they were when the weights were
    trained; with random weights, by mean and deviation of the training set, as for every other network. The
    `repr`, and with it the cache key, holds the checksum of the file of weights and not its path.

    Parameters
    ----------
    side
        Height and width to which images are resized before the first layer; null: they stay as they are.
    small_stem
        Whether the first convolution is 3x3 with stride 1 and no pooling follows, as a ResNet for images of
        32x32 pixels begins; without it these are 8x8 after two layers. Not together with weights.
    keep_statistics
        Whether batch normalisation goes by the statistics that came with the weights while the network is
        trained: those of small batches of few images are noise. null: with weights. Gains and shifts learn.
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
    keep_statistics: bool | None = None
    frozen: bool = False

    def __post_init__(self) -> None:
        self._refuse_contradictions()

    @property
    def own_side(self) -> int | None:
        return self.side

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
        file = None if self.weights == DEFAULT else self.weights_file(self.weights)
        return Weights("model.weights", file, of_library=DEFAULT)

    def check_shape(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 3:
            option = type(self).__module__.rpartition(".")[2]
            raise InvalidValue(
                f"a network of {self.library} must be given images, got rows of shape {shape}",
                where=f"model={option}",
                remedy="use model=mlp or model=linear for features",
            )
        self.check_known()
        if weights := self.the_weights:
            weights.check()

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        self.check_shape(shape)
        network = self.create(shape[0], classes)
        if self.small_stem:
            shrink_stem(network, self.name)
        if self.weights is not None:
            begin_small(network, self.last_layers(network))
        return self._as_fine_tuned(network)

    def _refuse_contradictions(self) -> None:
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
        if self.keep_statistics and self.weights is None:
            raise InvalidValue(
                "keep_statistics must be false or null for random weights, got true",
                where="model.keep_statistics=true",
                remedy="set model.weights=default, or leave it out",
            )

    def _as_fine_tuned(self, network: "torch.nn.Module") -> "torch.nn.Module":
        """Return a network of which only that changes which is to change, for images of any size."""
        from torch import nn

        from winnow.model._layers import BATCH_NORMALISATION, Frozen, KeptStatistics, Resize

        if self.frozen:
            network = Frozen(network, self.last_layers(network))
        elif self.keep_statistics or (self.keep_statistics is None and self.weights is not None):
            normalises = any(isinstance(layer, BATCH_NORMALISATION) for layer in network.modules())
            network = KeptStatistics(network) if normalises else network
        return network if self.side is None else nn.Sequential(Resize(self.side), network)

    def input_moments(self, channels: int) -> tuple[list[float], list[float]] | None:
        if (weights := self.the_weights) is None or channels not in (1, 3):
            return None
        colours = self.learnt_from(weights)
        # A first layer for grey images is the sum over colours, to which they are the same.
        mean, deviation = ([fmean(each)] if channels == 1 else each for each in colours)
        return [255 * value for value in mean], [255 * value for value in deviation]

    @abstractmethod
    def learnt_from(self, weights: Weights) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the mean and the deviation of each colour, of values 0 to 1, of what weights learnt from."""

    @abstractmethod
    def check_known(self) -> None:
        """Refuse a name that the library does not have."""

    @abstractmethod
    def create(self, channels: int, classes: int) -> "torch.nn.Module":
        """Return the network for images of so many channels, its last layer with random weights."""

    @abstractmethod
    def last_layers(self, network: "torch.nn.Module") -> tuple[str, ...]:
        """Return the names of the layers, most often one, that compute the scores of the classes."""


def begin_small(network: "torch.nn.Module", last_layers: Sequence[str]) -> None:
    """Draw the weights of the last layers anew as torch does, by the number of values that they read.

    timm draws those of an EfficientNet by the number of classes: for two classes those of
    EfficientNet-Lite0 are 25 times as large, the loss begins at 19, and what is learnt never outweighs them.
    """
    from torch import nn

    for name in last_layers:
        for layer in network.get_submodule(name).modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                layer.reset_parameters()


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
