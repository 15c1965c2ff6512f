"""The kept rows as Lightning reads them: tensors in memory, from which whole batches are sliced.

To collate single rows would take longer than a step of a small network.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Int64
from numpy import ndarray
from numpy.random import Generator
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Sampler, SequentialSampler, TensorDataset

from winnow.network.normalisation import EVALUATION_BATCH, Normalisation
from winnow.stages import Augment
from winnow.streams import Streams
from winnow.types import Dataset, Subset

Batch = tuple[Tensor, Tensor, Tensor] | list[Tensor]


class KeptRows(LightningDataModule):
    """The rows of a subset, normalised, with their labels and weights; training batches are augmented.

    `validation_fraction` of the rows, chosen at random but never all, are held out to validate on. Draws from
    the streams `validation`, `order` and `augment`.
    """

    def __init__(
        self,
        dataset: Dataset,
        subset: Subset,
        augment: Augment,
        streams: Streams,
        *,
        batch_size: int,
        validation_fraction: float = 0.0,
    ) -> None:
        super().__init__()
        self.dataset, self.subset, self.augment, self.streams = dataset, subset, augment, streams
        self.batch_size = batch_size
        self.training_rows, self.validation_rows = split(
            len(subset), validation_fraction, streams.rng("validation")
        )

    def setup(self, stage: str) -> None:
        rows = self.subset.indices
        self.rows = TensorDataset(
            Normalisation.of(self.dataset, torch.device("cpu"))(self.dataset.x[rows]),
            torch.tensor(self.dataset.y[rows]),
            torch.tensor(self.subset.weights),
        )
        device = self.trainer.strategy.root_device
        self.distortions = torch.Generator(device).manual_seed(self.streams.seed("augment"))

    def train_dataloader(self) -> DataLoader:
        rows = TensorDataset(*self.rows[self.training_rows])
        return _loader(rows, EvenBatches(len(rows), self.batch_size, self.streams.rng("order")))

    def val_dataloader(self) -> DataLoader | list:
        if not len(self.validation_rows):
            return []
        rows = TensorDataset(*self.rows[self.validation_rows])
        return _loader(rows, BatchSampler(SequentialSampler(rows), EVALUATION_BATCH, drop_last=False))

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        if not self.trainer.training:
            return batch
        images, labels, weights = batch
        return self.augment(images, self.distortions), labels, weights


def _loader(rows: TensorDataset, batches: Sampler) -> DataLoader:
    # A loader draws a seed for worker processes at every pass. From a generator of its own, so that it takes
    # nothing from the stream of the dropout.
    return DataLoader(rows, batch_size=None, sampler=batches, generator=torch.Generator())


class EvenBatches(Sampler[Tensor]):
    """Row numbers of every batch, in a new random order at each pass.

    A pass over n rows is cut into ceil(n / size) batches as equal as possible, so that none is a leftover of
    one row, from which batch normalisation could learn nothing.

    >>> batches = EvenBatches(7, 3, np.random.default_rng(0))
    >>> [len(rows) for rows in batches], len(batches)
    ([3, 2, 2], 3)
    """

    def __init__(self, n: int, size: int, rng: Generator) -> None:
        self.n, self.size, self.rng = n, size, rng

    def __len__(self) -> int:
        return math.ceil(self.n / self.size)

    def __iter__(self) -> Iterator[Tensor]:
        yield from torch.from_numpy(self.rng.permutation(self.n)).tensor_split(len(self))


def split(
    n: int, fraction: float, rng: Generator
) -> tuple[Int64[ndarray, " training"], Int64[ndarray, " validation"]]:
    """Divide n rows into those to learn from, at least one, and a random `fraction` to validate on.

    >>> [len(part) for part in split(10, 0.2, np.random.default_rng(0))]
    [8, 2]
    """
    order = rng.permutation(n)
    held_out = min(round(fraction * n), n - 1)
    return np.sort(order[held_out:]), np.sort(order[:held_out])
