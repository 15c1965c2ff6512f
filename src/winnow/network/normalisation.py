"""Turn images or features into what a network takes: float32 tensors, centred and scaled, on its device."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from winnow.stages import Model
from winnow.types import Dataset

if TYPE_CHECKING:
    import torch

# Rows that a network is evaluated on at once. More do not fit into the cache of a processor.
EVALUATION_BATCH = 250
# Of the photographs of ImageNet, with values 0 to 1: what torchvision's networks were trained with.
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, eq=False)
class Normalisation:
    """Subtracts a mean and multiplies by a scale, per channel of images and per feature of vectors.

    Examples
    --------
    >>> import torch
    >>> Normalisation(torch.tensor([[1.0, 2.0]]), torch.tensor([[10.0, 1.0]]))(np.float32([[2, 2]]))
    tensor([[10.,  0.]])
    """

    mean: "torch.Tensor"
    scale: "torch.Tensor"

    @classmethod
    def of(cls, dataset: Dataset, device: "torch.device", model: Model | None = None) -> "Normalisation":
        """Use mean and standard deviation that a model with weights learnt, else of the whole training set.

        No labels are read.
        """
        import torch

        learnt = model.input_moments(dataset.x.shape[1]) if model and dataset.x.ndim == 4 else None
        mean, deviation = dataset.moments if learnt is None else map(np.float64, learnt)
        shape = (1, -1, 1, 1) if dataset.x.ndim == 4 else (1, -1)
        return cls(
            *(torch.from_numpy(np.float32(each)).reshape(shape).to(device) for each in (mean, 1 / deviation))
        )

    def __call__(self, rows: Shaped[ndarray, "n ..."]) -> "torch.Tensor":
        """Return normalised rows on the device, float32 (n, ...)."""
        import torch

        # Memory-mapped rows are read-only, which torch does not take; np.array makes the copy it needs.
        return self.scaled(torch.from_numpy(np.array(rows)).to(self.mean.device))

    def scaled(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Return rows that are on the device already, normalised, float32 (n, ...)."""
        return (rows.float() - self.mean) * self.scale

    def batches(self, rows: Shaped[ndarray, "n ..."]) -> Iterator["torch.Tensor"]:
        """Yield normalised rows in batches to evaluate a network on."""
        for start in range(0, len(rows), EVALUATION_BATCH):
            yield self(rows[start : start + EVALUATION_BATCH])
