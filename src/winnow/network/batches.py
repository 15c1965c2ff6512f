"""Kept rows as a network takes them: normalised, on its device, and batch by batch.

They are held in memory as tensors and sliced there: reader processes, and one row at a time, would take
longer than a step of a small network does.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from winnow.stages import Augment
from winnow.types import Dataset, Subset

if TYPE_CHECKING:
    import torch

# Larger evaluation batches fall out of the processor's cache and take twice as long.
EVALUATION_BATCH = 250
Batch = tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]


@dataclass(frozen=True, eq=False)
class Normalise:
    """Centres and scales rows by the moments of the whole training set; no labels are read."""

    mean: "torch.Tensor"
    scale: "torch.Tensor"

    @classmethod
    def of(cls, dataset: Dataset, device: "torch.device") -> "Normalise":
        import torch

        mean, deviation = dataset.moments
        shape = (1, -1, 1, 1) if dataset.x.ndim == 4 else (1, -1)
        as_tensor = [torch.from_numpy(np.float32(v)).reshape(shape).to(device) for v in (mean, 1 / deviation)]
        return cls(*as_tensor)

    def __call__(self, rows: ndarray) -> "torch.Tensor":
        import torch

        # Memory-mapped rows are read-only, which torch does not take; np.array makes the copy it needs.
        return (torch.from_numpy(np.array(rows)).to(self.mean.device).float() - self.mean) * self.scale

    def chunks(self, rows: ndarray) -> Iterator["torch.Tensor"]:
        """Yield the rows in batches to evaluate a network on."""
        for start in range(0, len(rows), EVALUATION_BATCH):
            yield self(rows[start : start + EVALUATION_BATCH])


class Rows(NamedTuple):
    """The kept rows on the device: what a batch is made of."""

    images: "torch.Tensor"
    labels: "torch.Tensor"
    weights: "torch.Tensor"

    @classmethod
    def of(cls, dataset: Dataset, subset: Subset, normalise: Normalise) -> "Rows":
        import torch

        images = normalise(dataset.x[subset.indices])
        labels = torch.tensor(dataset.y[subset.indices], device=images.device)
        return cls(images, labels, torch.tensor(subset.weights, device=images.device))

    def at(self, rows: ndarray) -> Batch:
        """Return some of the rows."""
        return self.images[rows], self.labels[rows], self.weights[rows]


@dataclass(frozen=True, eq=False)
class Batches:
    """Whole batches sliced from tensors in memory, in a fresh order on every pass.

    A pass is cut into ceil(n / size) batches as equal as possible, so that no batch is a leftover of one
    row (which batch normalisation could not digest).
    """

    images: "torch.Tensor"
    labels: "torch.Tensor"
    weights: "torch.Tensor"
    augment: Augment
    size: int
    order: Generator
    distortion: "torch.Generator"

    def __len__(self) -> int:
        return math.ceil(len(self.labels) / self.size)

    def __iter__(self) -> Iterator[Batch]:
        import torch

        order = self.order.permutation(len(self.labels))
        for rows in np.array_split(order, len(self)):
            at = torch.from_numpy(rows).to(self.labels.device)
            yield self.augment(self.images[at], self.distortion), self.labels[at], self.weights[at]
