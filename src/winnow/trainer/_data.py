"""The kept rows as Lightning reads them: whole batches, sliced from memory or read from the disk.

To collate single rows would take longer than a step of a small network. Rows stay as they are kept, bytes for
images, and each batch is normalised where the network is: a GPU then holds four times as many, and rows that
do not fit come from the disk through the same steps, with the same numbers.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from numpy import ndarray
from numpy.random import Generator
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Sampler, SequentialSampler, TensorDataset

from winnow.network.device import free_memory
from winnow.network.normalisation import EVALUATION_BATCH, Normalisation
from winnow.network.processes import packed, start_context, unpacked
from winnow.stages import Augment, Model
from winnow.streams import Stage, Streams
from winnow.trainer._mixing import Mixing
from winnow.types import Dataset, Subset

Batch = tuple[Tensor, Tensor, Tensor] | list[Tensor]


class KeptRows(LightningDataModule):
    """The rows of a subset with their labels and weights; training batches are augmented, and may be mixed.

    `validation_fraction` of the rows, chosen at random but never all, are held out to validate on. Draws from
    the streams `validation`, `order` and `augment`. Rows that take more than the share `rows_in_memory` of
    the device's free memory are read from the disk, by `num_workers` processes if there are any. Images are
    normalised as `model` learnt them before, if it did.
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
        mixing: Mixing | None = None,
        rows_in_memory: float = 0.1,
        num_workers: int = 0,
        model: Model | None = None,
    ) -> None:
        super().__init__()
        self.dataset, self.subset, self.augment, self.streams = dataset, subset, augment, streams
        self.batch_size, self.mixing = batch_size, mixing
        self.rows_in_memory, self.num_workers, self.model = rows_in_memory, num_workers, model
        self.training_rows, self.validation_rows = split(
            len(subset), validation_fraction, streams.rng("validation")
        )
        self.batches_seen = 0
        self._restored: dict[str, Any] = {}

    def setup(self, stage: str) -> None:
        device, rank = self.trainer.strategy.root_device, self.trainer.global_rank
        self.normalised = Normalisation.of(self.dataset, device, self.model)
        self.distortions = torch.Generator(device).manual_seed(seed_of_rank(self.streams, "augment", rank))
        size = len(self.subset) * self.dataset.x[:1].nbytes
        self.fits = size <= self.rows_in_memory * free_memory(device)

    def rows(self, positions: Int64[ndarray, " _"]) -> "torch.utils.data.Dataset":
        """Return some of the kept rows, each indexed by whole batches of positions among them."""
        rows = RowsOnDisk(self.dataset, self.subset, positions)
        if not self.fits:
            return rows
        device = self.trainer.strategy.root_device
        return TensorDataset(*(part.to(device) for part in rows[torch.arange(len(rows))]))

    def train_dataloader(self) -> DataLoader:
        rows, trainer = self.rows(self.training_rows), self.trainer
        rng, parts = self.streams.rng("order"), trainer.world_size
        batches = EvenBatches(len(rows), self.batch_size, rng, parts=parts, part=trainer.global_rank)
        batches.skip(self.batches_seen)
        return self._loader(rows, batches)

    def val_dataloader(self) -> DataLoader | list:
        if not len(self.validation_rows):
            return []
        rows = self.rows(self.validation_rows)
        return self._loader(rows, BatchSampler(SequentialSampler(rows), EVALUATION_BATCH, drop_last=False))

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        images, labels, weights = batch
        images = self.normalised.scaled(images)
        if not self.trainer.training:
            return images, labels, weights
        self.batches_seen += 1
        images = self.augment(images, self.distortions)
        if self.mixing:
            images, labels = self.mixing(images, labels, self.distortions)
        return images, labels, weights

    def state_dict(self) -> dict[str, Any]:
        return {"batches_seen": self.batches_seen, "distortions": self.distortions.get_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.batches_seen = state_dict["batches_seen"]
        if rank := self.trainer.global_rank:  # the state is that of the first
            seed = seed_of_rank(self.streams, "augment", rank)
            self.distortions.manual_seed(seed + self.batches_seen)
        else:
            self.distortions.set_state(state_dict["distortions"])

    def _loader(self, rows: "torch.utils.data.Dataset", batches: Sampler) -> DataLoader:
        workers = 0 if self.fits else self.num_workers
        return DataLoader(
            rows,
            batch_size=None,
            sampler=batches,
            # A loader draws a seed for worker processes at every pass. From a generator of its own, so that
            # it takes nothing from the stream of the dropout.
            generator=torch.Generator(),
            num_workers=workers,
            multiprocessing_context=start_context() if workers else None,
            persistent_workers=workers > 0,
            pin_memory=not self.fits and self.trainer.strategy.root_device.type == "cuda",
        )


class RowsOnDisk(torch.utils.data.Dataset):
    """Kept rows that are read when a batch of them is asked for: values as they are kept, labels, weights."""

    def __init__(self, dataset: Dataset, subset: Subset, positions: ndarray) -> None:
        self.x, self.at = dataset.x, subset.indices[positions]
        self.labels = torch.tensor(dataset.y[self.at])
        self.weights = torch.tensor(subset.weights[positions])

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, batch: Tensor | list[int]) -> Batch:
        # Memory-mapped rows are read-only, which torch does not take; np.array makes the copy it needs.
        values = torch.from_numpy(np.array(self.x[self.at[np.asarray(batch)]]))
        return values, self.labels[batch], self.weights[batch]

    def __reduce__(self) -> tuple:
        return _unpacked_rows, (packed((self.x, self.at, self.labels.numpy(), self.weights.numpy())),)


def _unpacked_rows(content: bytes) -> RowsOnDisk:
    rows = RowsOnDisk.__new__(RowsOnDisk)
    rows.x, rows.at, labels, weights = unpacked(content)
    rows.labels, rows.weights = torch.tensor(labels), torch.tensor(weights)
    return rows


class EvenBatches(Sampler[Tensor]):
    """Row numbers of every batch, in a new random order at each pass.

    A pass over n rows is cut into ceil(n / size) batches as equal as possible, so that none is a leftover of
    one row, from which batch normalisation could learn nothing. Of several `parts` that each take up to
    `size` rows of a batch, this is the one of number `part`.

    >>> batches = EvenBatches(7, 3, np.random.default_rng(0))
    >>> [len(rows) for rows in batches], len(batches)
    ([3, 2, 2], 3)
    """

    def __init__(self, n: int, size: int, rng: Generator, *, parts: int = 1, part: int = 0) -> None:
        self.n, self.size, self.rng = n, size, rng
        self.parts, self.part = parts, part
        self._first = 0

    def __len__(self) -> int:
        # Never so many that a part would get no row.
        return min(math.ceil(self.n / (self.size * self.parts)), max(self.n // self.parts, 1))

    def skip(self, batches: int) -> None:
        """Go on after so many batches, as if they had been passed over."""
        passes, self._first = divmod(batches, len(self))
        for _ in range(passes):
            self.rng.permutation(self.n)

    def __iter__(self) -> Iterator[Tensor]:
        first, self._first = self._first, 0
        batches = torch.from_numpy(self.rng.permutation(self.n)).tensor_split(len(self))
        yield from (batch.tensor_split(self.parts)[self.part] for batch in batches[first:])


def seed_of_rank(streams: Streams, stage: Stage, rank: int) -> int:
    """Return the seed of a stream; every process but the first of a training has a stream of its own.

    >>> seed_of_rank(Streams(0, 0), "augment", 0) == Streams(0, 0).seed("augment")
    True
    """
    seed = streams.seed(stage)
    return Streams(seed, rank).seed(stage) if rank else seed


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
