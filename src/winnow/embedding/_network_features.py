"""Embed images by a network that others trained: what the options that do so have in common."""

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from jaxtyping import Float32, Shaped, UInt8
from numpy import ndarray
from pydantic import Field

from winnow.embedding._engine import BlockwiseEmbedding
from winnow.errors import InvalidValue
from winnow.network.dask_workers import blocks_of
from winnow.network.progress import progress_bar
from winnow.network.weights import Weights
from winnow.rows.pages import give_back_pages
from winnow.rows.row_array import RowArray

if TYPE_CHECKING:
    import torch

USUAL_SIDE = 224  # of what networks were trained on
LARGE_WIDTH = 2048  # that of a ResNet-50, which few networks exceed
CPU_BATCH = 16  # of larger ones the system must find the memory anew for every layer
GPU_BATCH = 64
IMAGES_OF_A_BLOCK = 256  # that a worker is given at once; it answers with as many rows

Prepare = Callable[["torch.Tensor"], "torch.Tensor"]
"""From uint8 images of three channels to what the network takes."""


@dataclass(frozen=True, repr=False, kw_only=True)
class NetworkFeatures(BlockwiseEmbedding):
    """The features of a network that was trained on other images.

    For images of one or three channels; grey ones are repeated to three. The network runs on a GPU if there
    is one, there in half precision, and on one thread of the CPU otherwise. Besides the features only one
    batch of images is in memory as floats. The `repr`, and with it the cache key, holds the checksum of the
    file of weights and not its path.

    Parameters
    ----------
    batch_size
        Images that the network is given at once; memory grows with it. By default 16 on a CPU, and 64 on a
        GPU, where they are halved until they fit into its memory.
    """

    library: ClassVar[str]
    """The distribution whose version says which weights it downloads."""

    learns: ClassVar[bool] = False

    network: ClassVar[str]
    weights: ClassVar[str | None]

    side: ClassVar[int | None]

    batch_size: Annotated[int, Field(ge=1)] | None = None

    def __repr__(self) -> str:
        settings = {field.name: getattr(self, field.name) for field in fields(self) if field.repr}
        settings["weights"] = self._weights_identity()
        listed = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        return f"{type(self).__name__}({listed})"

    def _weights_identity(self) -> str:
        if self.weights is None:
            return f"those of {self.library} {version(self.library)}"
        path = self.weights_file()
        if not path.is_file():
            return str(path)
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"

    @property
    def own_side(self) -> int:
        return self.side or USUAL_SIDE

    def weights_file(self) -> Path:
        """Return the path that `weights` stands for."""
        return Path(str(self.weights))

    @abstractmethod
    def load(self) -> tuple["torch.nn.Module", Prepare]:
        """Return the network, whose output are features, and the preparation of images that it needs."""

    @abstractmethod
    def known_width(self) -> int | None:
        """Return how many features there are, as far as the library can tell without any weights."""

    def width(self, shape: tuple[int, ...]) -> int:
        return self.known_width() or LARGE_WIDTH

    def embed(self, x: Shaped[RowArray, "n ..."]) -> Iterator[Float32[ndarray, "m d"]]:
        option = type(self).__module__.rpartition(".")[2]
        if x.ndim != 4 or x.dtype != np.uint8 or x.shape[1] not in (1, 3):
            raise InvalidValue(
                f"a pretrained network must be given images of 1 or 3 channels, got {x.dtype} rows of "
                f"shape {x.shape[1:]}",
                where=f"embedding={option}",
                remedy="use embedding=pca or embedding=identity",
            )
        description = f"{option} features"
        if self.engine == "process":
            network, prepare = self.load()
            yield from features(network, prepare, x, batch_size=self.batch_size, description=description)
            return
        # Whole batches, because last bits depend on what a network is given at once.
        batch_size = self.batch_size or GPU_BATCH
        blocks = blocks_of(len(x), batch_size * max(IMAGES_OF_A_BLOCK // batch_size, 1))
        with self.on_blocks() as on_blocks, progress_bar(description, len(x)) as show:
            for block, rows in zip(blocks, on_blocks(_features_of_block, x, blocks, self), strict=True):
                yield rows
                show(block.stop)

    def the_weights(self) -> Weights:
        """Return what `weights` stands for."""
        return Weights("embedding.weights", self.weights_file() if self.weights else None)


def _features_of_block(x: UInt8[ndarray, "m c h w"], stage: NetworkFeatures) -> Float32[ndarray, "m d"]:
    network, prepare = _loaded(stage)
    return np.concatenate(list(features(network, prepare, x, batch_size=stage.batch_size)))


@lru_cache(maxsize=1)
def _loaded(stage: NetworkFeatures) -> tuple["torch.nn.Module", Prepare]:
    """Return the network, which a worker loads once."""
    return stage.load()


def features(
    network: "torch.nn.Module",
    prepare: Prepare,
    x: UInt8[RowArray, "n c h w"],
    *,
    batch_size: int | None,
    description: str | None = None,
) -> Iterator[Float32[ndarray, "m d"]]:
    """Yield the output of the network for a batch of images at a time.

    Without a `batch_size`, batches that are too large for the memory of a GPU are halved until they fit.
    """
    import torch

    from winnow.network.device import device_for, one_thread

    device = device_for("auto")
    size = batch_size or (CPU_BATCH if device.type == "cpu" else GPU_BATCH)
    # In this memory layout EfficientNet-Lite0 takes half the time on a CPU.
    network = network.eval().to(device, memory_format=torch.channels_last)
    half = torch.autocast(device.type, torch.float16, enabled=device.type == "cuda")

    def of(images: ndarray) -> ndarray:
        # Memory-mapped rows are read-only, which torch does not take; np.array makes the copy it needs.
        given = torch.from_numpy(np.array(images)).to(device).expand(-1, 3, -1, -1)
        with one_thread(), torch.inference_mode(), half:
            prepared = prepare(given).contiguous(memory_format=torch.channels_last)
            return network(prepared).float().cpu().numpy()

    start = 0
    with progress_bar(description, len(x)) as show:
        while start < len(x):
            try:
                rows = of(x[start : start + size])
            except torch.OutOfMemoryError:
                if batch_size is not None or size == 1:
                    raise
                size //= 2
                torch.cuda.empty_cache()
                continue
            yield rows
            start += len(rows)
            give_back_pages(x)
            show(start)


def normalised(
    images: "torch.Tensor", mean: tuple[float, ...], deviation: tuple[float, ...]
) -> "torch.Tensor":
    """Return images (b, c, h, w) less the mean, and divided by the deviation, of each channel.

    >>> import torch
    >>> normalised(torch.ones(1, 3, 1, 1), mean=(0.5,) * 3, deviation=(0.5, 1.0, 2.0)).flatten()
    tensor([1.0000, 0.5000, 0.2500])
    """
    import torch

    of_mean, of_deviation = (
        torch.tensor(values, device=images.device)[:, None, None] for values in (mean, deviation)
    )
    return (images - of_mean) / of_deviation
