"""Train many networks of one shape as one, for a GPU, where starting a kernel takes longer than its work.

A training step of LeNet-5 is some hundred small kernels, one after the other, that leave most of a GPU
idle. `torch.func.vmap` makes the same steps of R networks into as many kernels, R times as large [1]_. On a
CPU this should lose: one step of ten networks took 1.35 times less than ten steps (n=4), but repetitions
side by side use all cores.

Nothing is shared between the networks but the kernels. Each has its own weights, batch statistics, rows,
order, distortions, dropout and loss, and its own random streams, so what it learns does not depend on which
others are in the batch, up to the rounding of sums. One optimiser serves all, because Adam works element by
element. Lightning has no trainer for stacked weights: this is a plain loop.

.. [1] "Model ensembling" in the tutorials of torch.func.
   https://docs.pytorch.org/tutorials/intermediate/ensembling.html
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from time import perf_counter

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from winnow.errors import InvalidValue
from winnow.network.device import fault_of, name_of, one_thread, repeatable
from winnow.network.normalisation import Normalisation
from winnow.stages import Augment, Model
from winnow.streams import Streams
from winnow.trainer._data import EvenBatches
from winnow.trainer._replicas import Loss, Replicas
from winnow.types import Dataset, Subset, Trained


def train_together(
    dataset: Dataset,
    subsets: Sequence[Subset],
    model: Model,
    augment: Augment,
    streams: Sequence[Streams],
    *,
    steps: int,
    batch_size: int,
    loss: Loss,
    make_optimizer: Callable[[Iterable[Tensor]], Optimizer],
    schedule: Callable[[int], float] | None,
    device: torch.device,
    deterministic: bool,
) -> list[Trained | InvalidValue]:
    """Train one network on each of the equally large subsets; each is charged its share of the time.

    Returns, in place of a training whose loss was not finite, the error to raise.
    """
    started = perf_counter()
    normalised = Normalisation.of(dataset, device, model)
    batches = StackedBatches.of(dataset, subsets, normalised, augment, streams, batch_size)
    with torch.random.fork_rng(), one_thread(), repeatable(deterministic):
        shape, classes = dataset.x.shape[1:], len(dataset.classes)
        seeds = [each.seed("init") for each in streams]
        replicas = Replicas.of(lambda: model.build(shape, classes).to(device), seeds, batches.images[:1])
        optimizer = make_optimizer(replicas.parameters.values())
        scheduler = LambdaLR(optimizer, schedule) if schedule else None
        losses = fit(replicas, loss, batches, steps=steps, optimizer=optimizer, scheduler=scheduler)
        predictions = replicas.predict(normalised.batches(dataset.x_test))
    cost = (perf_counter() - started) / len(subsets), name_of(device)
    outcomes = zip(predictions, losses, strict=True)
    return [fault_of(curve) or Trained(predicted, curve, *cost) for predicted, curve in outcomes]


@dataclass(frozen=True, eq=False)
class StackedBatches:
    """The batches of R networks at once, each with its own rows in its own order.

    `images` (u, ...) and `labels` (u,) hold every row that any network learns from; `rows` (R, n) says which
    of them are its own, `weights` (R, n) what they count. A pass is cut as it is for one network.
    """

    images: Tensor
    labels: Tensor
    rows: Tensor
    weights: Tensor
    augment: Augment
    orders: Sequence[EvenBatches]
    distortions: Sequence[torch.Generator]

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        subsets: Sequence[Subset],
        normalised: Callable[[ndarray], Tensor],
        augment: Augment,
        streams: Sequence[Streams],
        size: int,
    ) -> "StackedBatches":
        """Bring the rows of all subsets, equally many in each, to where `normalised` puts them."""
        kept, rows = np.unique([subset.indices for subset in subsets], return_inverse=True)
        images = normalised(dataset.x[kept])
        device = images.device
        return cls(
            images,
            labels=torch.tensor(dataset.y[kept], device=device),
            rows=torch.tensor(rows.reshape(len(subsets), -1), device=device),
            weights=torch.tensor(np.stack([subset.weights for subset in subsets]), device=device),
            augment=augment,
            orders=[EvenBatches(len(subsets[0]), size, each.rng("order")) for each in streams],
            distortions=[torch.Generator(device).manual_seed(each.seed("augment")) for each in streams],
        )

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield images, distorted, labels and weights, each (R, b, ...), of one pass batch by batch."""
        for positions in zip(*self.orders, strict=True):
            at = torch.stack(positions).to(self.rows.device)
            rows = self.rows.gather(1, at)
            distorted = map(self.augment, self.images[rows], self.distortions)
            yield torch.stack(list(distorted)), self.labels[rows], self.weights.gather(1, at)


def fit(
    replicas: Replicas,
    loss: Loss,
    batches: Iterable[tuple[Tensor, Tensor, Tensor]],
    *,
    steps: int,
    optimizer: Optimizer,
    scheduler: LRScheduler | None = None,
) -> ndarray:
    """Take exactly `steps` optimiser steps with all networks; return their losses, float32 (R, steps).

    A loss that is not finite is returned like any other: it concerns one network, not the others.
    """
    curves = []
    for batch in islice(chain.from_iterable(repeat(batches)), steps):
        optimizer.zero_grad()
        losses = replicas.losses(loss, batch)
        # No weight has a part in two losses: the gradient of the sum is every network's own.
        losses.sum().backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        curves.append(losses.detach())
    return torch.stack(curves, dim=1).float().cpu().numpy()
