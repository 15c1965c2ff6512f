"""Train many networks of one shape as one, for a GPU, where starting a kernel takes longer than its work.

A training step of LeNet-5 is some hundred small kernels, one after the other, that leave most of a GPU
idle. `torch.func.vmap` makes the same steps of R networks into as many kernels, R times as large [1]_, and
a CUDA graph starts all of them at once [2]_. On a CPU this should lose. The larger kernels do serve a single
core (one step of ten replicas took 1.35 times less than ten steps, n=4), but repetitions side by side use
all cores.

Nothing is shared between replicas but the kernels. Each has its own weights, batch statistics, rows, order,
distortions, dropout and loss, and its own random streams, so what it learns does not depend on who else is
in the batch, up to the rounding of sums. One optimiser serves all, because those in use work element by
element. There is no Lightning here: it would have nothing to do between two replays of a recorded step.

.. [1] "Model ensembling" in the tutorials of torch.func.
   https://docs.pytorch.org/tutorials/intermediate/ensembling.html
.. [2] Nguyen, Carilli, Eryilmaz et al., "Accelerating PyTorch with CUDA Graphs", 2021.
   https://pytorch.org/blog/accelerating-pytorch-with-cuda-graphs/
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice, repeat
from time import perf_counter

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from winnow.errors import InvalidValue
from winnow.network.batches import Normalise
from winnow.network.device import device_for, fault_of, one_thread, repeatable
from winnow.stages import Augment, Model
from winnow.streams import stream, stream_seed
from winnow.trainer._replicas import Batch, Loss, Replicas
from winnow.trainer.lightning import Recipe
from winnow.types import Dataset, Subset, Trained

Step = Callable[[Tensor], Tensor]
# Libraries choose their kernels, and the optimiser makes its state, in the first steps.
STEPS_BEFORE_RECORDING = 3


def train_together(
    recipe: Recipe,
    dataset: Dataset,
    subsets: Sequence[Subset],
    model: Model,
    augment: Augment,
    seed: int,
    repetitions: Sequence[int],
) -> list[Trained | InvalidValue]:
    """Do what `recipe.train` does, for all the repetitions at once; each is charged its share of the time."""
    started = perf_counter()
    device, steps = device_for(recipe.accelerator), recipe.steps_for(len(subsets[0]))
    normalise = Normalise.of(dataset, device)
    batches = Batches.of(dataset, subsets, normalise, augment, recipe.batch_size, seed, repetitions)
    with torch.random.fork_rng(), one_thread(), repeatable(recipe.deterministic):
        seeds = [stream_seed(seed, repetition, "init") for repetition in repetitions]
        shape, classes = dataset.x.shape[1:], len(dataset.classes)
        replicas = Replicas.of(lambda: model.build(shape, classes).to(device), seeds, batches.images[:1])
        optimizer, scheduler = recipe.optimizer_for(replicas.parameters.values(), steps, stacked=True)
        losses = fit(
            replicas,
            recipe.loss,
            batches,
            steps=steps,
            optimizer=optimizer,
            scheduler=scheduler,
            record=recipe.cuda_graph and device.type == "cuda",
        )
        predictions = replicas.predict(normalise.chunks(dataset.x_test))
    seconds = (perf_counter() - started) / len(subsets)
    outcomes = zip(predictions, losses, strict=True)
    return [fault_of(curve) or Trained(answers, curve, seconds) for answers, curve in outcomes]


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of R replicas at once, each with its own rows in its own order.

    `images` (u, ...) and `labels` (u,) hold every row that any replica learns from; `rows` (R, n) says
    which of them are its own, `weights` (R, n) what they count. A pass is cut as it is for one network:
    into batches as equal as possible.
    """

    images: Tensor
    labels: Tensor
    rows: Tensor
    weights: Tensor
    augment: Augment
    size: int
    orders: Sequence[np.random.Generator]
    distortions: Sequence[torch.Generator]

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        subsets: Sequence[Subset],
        normalise: Callable[[ndarray], Tensor],
        augment: Augment,
        size: int,
        seed: int,
        repetitions: Sequence[int],
    ) -> "Batches":
        """Bring the rows of all subsets, equally many in each, to where `normalise` puts them."""
        kept, rows = np.unique([subset.indices for subset in subsets], return_inverse=True)
        images = normalise(dataset.x[kept])
        device = images.device
        return cls(
            images,
            labels=torch.tensor(dataset.y[kept], device=device),
            rows=torch.tensor(rows.reshape(len(subsets), -1), device=device),
            weights=torch.tensor(np.stack([subset.weights for subset in subsets]), device=device),
            augment=augment,
            size=size,
            orders=[stream(seed, each, "order") for each in repetitions],
            distortions=[
                torch.Generator(device).manual_seed(stream_seed(seed, each, "augment"))
                for each in repetitions
            ],
        )

    def __iter__(self) -> Iterator[Tensor]:
        """Yield the places (R, b) in `rows` of one pass, batch by batch."""
        n = self.rows.shape[1]
        orders = torch.from_numpy(np.stack([rng.permutation(n) for rng in self.orders]))
        yield from orders.to(self.rows.device).tensor_split(math.ceil(n / self.size), dim=1)

    def at(self, places: Tensor) -> Batch:
        """Return the images, distorted, labels and weights at these places."""
        rows = self.rows.gather(1, places)
        distorted = map(self.augment, self.images[rows], self.distortions)
        return torch.stack(list(distorted)), self.labels[rows], self.weights.gather(1, places)


def fit(
    replicas: Replicas,
    loss: Loss,
    batches: Batches,
    *,
    steps: int,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    record: bool = False,
) -> ndarray:
    """Take exactly `steps` optimiser steps with all replicas; return their losses, float32 (R, steps).

    With `record`, which needs CUDA, a step is recorded once and then replayed. A loss that is not finite
    is returned like any other: it is one replica's trouble, not that of the others.
    """

    def step(places: Tensor) -> Tensor:
        optimizer.zero_grad()
        losses = replicas.losses(loss, batches.at(places))
        # No weight has a part in two losses: the gradient of the sum is every replica's own.
        losses.sum().backward()
        optimizer.step()
        return losses.detach()

    take = Recorder(step, [*replicas.chance, *batches.distortions]) if record else step
    losses = []
    with _recordable(optimizer) if record else nullcontext():
        for places in islice(chain.from_iterable(repeat(batches)), steps):
            losses.append(take(places))
            if scheduler is not None:
                scheduler.step()
    return torch.stack(losses, dim=1).float().cpu().numpy()


class Recorder:
    """Takes the first steps as they are, then records one as a CUDA graph and replays it.

    Batches come in two sizes at most, which differ by one row; each has a recording of its own, so that no
    batch needs padding, which batch normalisation would see.
    """

    def __init__(self, step: Step, generators: Sequence[torch.Generator]) -> None:
        self._step = step
        self._states = [(each, each.get_state()) for each in generators]
        self._taken: Counter[int] = Counter()
        self._recordings: dict[int, Step] = {}

    def __call__(self, places: Tensor) -> Tensor:
        size = places.shape[1]
        if self._taken[size] < STEPS_BEFORE_RECORDING:
            self._taken[size] += 1
            return self._step(places)
        if size not in self._recordings:
            self._recordings[size] = self._record(places)
        return self._recordings[size](places)

    def _record(self, places: Tensor) -> Step:
        """Record a step, which does not take it, and return what replays it on other places."""
        graph, read = torch.cuda.CUDAGraph(), places.clone()
        for generator, before in self._states:
            # One that nobody has drawn from until now need not be wound on at every replay.
            if not torch.equal(generator.get_state(), before):
                graph.register_generator_state(generator)
        with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
            written = self._step(read)

        def replay(places: Tensor) -> Tensor:
            read.copy_(places)
            graph.replay()
            return written.clone()

        return replay


@contextmanager
def _recordable(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Inside the block, steps may be recorded: no work on the default stream, and rates that can change."""
    for group in optimizer.param_groups:
        group["capturable"] = True
        # A number would be part of the recording; what is in a tensor is read at every replay.
        group["lr"] = torch.tensor(group["lr"], device=group["params"][0].device)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        yield
    torch.cuda.current_stream().wait_stream(stream)
