"""Embed images by contrastive learning: distorted copies of one image close together, of others far apart.

A small network is trained to map two random distortions of an image to nearby directions, away from the
distortions of other images [1]_. The embedding then no longer depends on what the distortions change (slant,
width, position). It should win at the smallest budgets, where the distortions leave the class of an image
as it is. It should lose where they do not, and to a pretrained network on photographs, by far.

.. [1] Chen, Kornblith, Norouzi and Hinton, "A Simple Framework for Contrastive Learning of Visual
   Representations", ICML 2020. https://arxiv.org/abs/2002.05709
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from jaxtyping import Float32, Shaped, UInt8
from numpy import ndarray
from pydantic import Field

from winnow.embedding._images import as_tensor, encode, require_images
from winnow.embedding._whiten_normalize import ScaledEmbedding, normalized
from winnow.registry import default, option_of
from winnow.rows.row_array import RowArray
from winnow.stages import Augment, Wrapper

if TYPE_CHECKING:
    import torch

WIDTHS = (32, 64, 128)  # channels of the convolutions
CELLS = 4  # the last feature map is averaged over 4x4 cells, whatever its size


@dataclass(frozen=True)
class SimCLR(ScaledEmbedding, Wrapper):
    """The output of a small convolutional network trained by SimCLR, scaled to unit length.

    For images of any size and number of channels; features are refused. Rows have unit length because the
    loss depends on their direction only.

    Parameters
    ----------
    views
        Option of `augment`, with its default settings, that makes the distorted copies: affine_elastic for
        characters, flip_rotate_scale for photographs. It must leave the class of an image as it is.
    dimensions
        Number of values of the embedding.
    steps
        Training steps. 100 steps on images of 28x28 take about 20 seconds of one core.
    batch_size
        Images in one training step; more make the task harder, and the step slower.
    temperature
        Temperature of the softmax over cosine similarities; lower values stress the most similar images.
    learning_rate
        Largest learning rate of AdamW, reached after 30 % of the steps (one-cycle schedule).
    seed
        Seed of the initial weights, of the order of images and of the distortions.
    """

    views: Annotated[str, option_of("augment", but={"none"})] = "affine_elastic"
    dimensions: Annotated[int, Field(ge=1)] = 64
    steps: Annotated[int, Field(ge=1)] = 500
    batch_size: Annotated[int, Field(ge=2)] = 256
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.2
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 3e-3
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    @property
    def inner(self) -> Augment:
        """The augmentation that makes the distorted copies."""
        return default("augment", self.views)

    def width(self, shape: tuple[int, ...]) -> int:
        return self.dimensions

    def embed(self, x: Shaped[RowArray, "n ..."]) -> Iterator[Float32[ndarray, "m d"]]:
        require_images(x, "simclr")
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = _network(x.shape[1], self.dimensions)
        self._train(network, x)
        yield from map(normalized, encode(network.eval(), x, "simclr features"))

    def _train(self, network: "torch.nn.Module", x: UInt8[RowArray, "n c h w"]) -> None:
        import torch

        from winnow.network.fit import fit

        optimizer = torch.optim.AdamW(network.parameters(), lr=self.learning_rate)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.learning_rate, total_steps=self.steps)
        fit(
            network,
            lambda network, views: contrast(network(views), self.temperature),
            Views(x, self.inner, self.batch_size, self.seed),
            steps=self.steps,
            optimizer=optimizer,
            scheduler=rate,
            description="simclr",
        )


class Views:
    """Batches of two distorted copies of each image, in a new random order of images at each pass.

    The first half of a batch holds the first copies, the second half the second ones, in the same order.
    """

    def __init__(self, x: UInt8[RowArray, "n c h w"], augment: Augment, batch_size: int, seed: int) -> None:
        import torch

        self.x, self.augment, self.batch_size = x, augment, min(batch_size, len(x))
        self.rng, self.generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self.x) // self.batch_size

    def __iter__(self) -> Iterator["torch.Tensor"]:
        import torch

        order = self.rng.permutation(len(self.x))
        # An incomplete last batch is dropped: telling fewer images apart is an easier task.
        for rows in order[: len(self) * self.batch_size].reshape(-1, self.batch_size):
            images = as_tensor(self.x[rows])
            yield torch.cat([self.augment(images, self.generator) for _ in range(2)])


def contrast(views: "torch.Tensor", temperature: float) -> "torch.Tensor":
    """Return the loss NT-Xent, equation 1 of [1]_.

    The first half of the rows are the partners of the second half, in the same order. The loss of a row is
    the cross-entropy of its partner among all other rows, under a softmax over cosine / `temperature`.

    >>> import torch
    >>> round(contrast(torch.eye(2).repeat(2, 1), temperature=1.0).item(), 4)  # log(1 + 2 / e)
    0.5514
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    directions = normalize(views)
    likeness = directions @ directions.T / temperature
    likeness = likeness.fill_diagonal_(-torch.inf)
    return cross_entropy(likeness, torch.arange(len(views), device=views.device).roll(len(views) // 2))


def _network(channels: int, dimensions: int) -> "torch.nn.Sequential":
    """Build convolutions of stride 2 and a linear layer.

    Unlike in the paper there is no projection head: the loss acts on the embedding itself. Measured in
    scripts/results/embedding.md.
    """
    from torch import nn

    layers, fan_in = [], channels
    for width in WIDTHS:
        # Batch normalisation adds a bias itself and cancels any bias before it.
        layers += [nn.Conv2d(fan_in, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width)]
        layers += [nn.ReLU()]
        fan_in = width
    layers += [nn.AdaptiveAvgPool2d(CELLS), nn.Flatten(), nn.Linear(fan_in * CELLS**2, dimensions)]
    return nn.Sequential(*layers)
