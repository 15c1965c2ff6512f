"""Check images, convert them to tensors, and apply a network to them: for the embeddings that need images."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Shaped, UInt8
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.network.progress import PATIENCE_SECONDS, progress_bar
from winnow.rows.chunks import chunks_of
from winnow.rows.row_array import RowArray

if TYPE_CHECKING:
    import torch

CHUNK = 1000  # images encoded at once


def require_images(
    x: Shaped[RowArray, "n ..."],
    option: str,
    *,
    smallest_side: int = 1,
    remedy: str = "use embedding=pca or embedding=identity",
) -> None:
    """Refuse features, and images with a side shorter than `smallest_side` pixels.

    Raises
    ------
    InvalidValue
        Naming the `option` of `embedding` that needs images, and the `remedy`.
    """
    if x.ndim != 4 or x.dtype != np.uint8 or min(x.shape[2:]) < smallest_side:
        size = f" of {smallest_side}x{smallest_side} pixels or more" if smallest_side > 1 else ""
        raise InvalidValue(
            f"embedding by {option} must be given images{size}, got {x.dtype} rows of shape {x.shape[1:]}",
            where=f"embedding={option}",
            remedy=remedy,
        )


def as_tensor(images: UInt8[ndarray, "b c h w"]) -> "torch.Tensor":
    """Return a copy of `images` with pixels in [0, 1]."""
    import torch

    return torch.tensor(images, dtype=torch.float32) / 255


def encode(
    encoder: "torch.nn.Module", x: UInt8[RowArray, "n c h w"], description: str
) -> Iterator[Float32[ndarray, "m d"]]:
    """Yield the output of the network for a chunk of images at a time, computed on one thread."""
    import torch

    from winnow.network.device import one_thread

    device = next(encoder.parameters()).device
    with progress_bar(description, len(x), patience=PATIENCE_SECONDS) as show:
        for part in chunks_of(x, CHUNK):
            # Not around the loop: what is done with the rows between two chunks is not under these limits.
            with one_thread(), torch.inference_mode():
                rows = encoder(as_tensor(x[part]).to(device)).cpu().numpy()
            yield rows
            show(part.stop)
