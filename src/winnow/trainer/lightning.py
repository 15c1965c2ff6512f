"""How a network is trained on the kept rows: optimiser, schedule, and how many steps a budget deserves.

The default is the recipe of the reference measurements without augmentation: AdamW at 6e-3 with a short
warm-up and a cosine to zero, batches of 32, label smoothing 0.1. It was chosen on a validation part of
the training set, on random subsets, and is the same for every selector. Results are read at the last
step, never at the best one, unless rows of the subset itself are set aside to stop early.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Literal

from numpy import ndarray
from pydantic import Field

from winnow.errors import InvalidValue
from winnow.network.batches import Batch, Batches, Normalise, Rows
from winnow.network.device import device_for, has_gpu, one_thread, uncompiled
from winnow.stages import Augment, Model, Trainer
from winnow.streams import stream, stream_seed
from winnow.trainer._patience import Patience, set_aside
from winnow.types import Dataset, Subset, Trained

if TYPE_CHECKING:
    import torch

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Stop = Callable[["torch.nn.Module"], bool]


@dataclass(frozen=True)
class Recipe(Trainer):
    """Train by Lightning, for a number of optimiser steps that depends on the budget alone.

    The rule: `epochs` passes over the kept rows, but at least `min_steps`, so that 100 images are not
    starved, and at most `max_steps`. Every selector gets the same steps at the same budget. `steps` sets
    the number outright.

    That is `match="steps"`. With `match="epochs"` every budget gets its `epochs` passes and no bounds apply:
    what a person sees who changes nothing but the size of the training set. A smaller subset then learns
    less also because it is trained less.

    With a `validation_fraction` above 0, so many of the kept rows are not learnt from but decide when to
    stop: after `patience` passes without a better accuracy on them. The best weights are then used.

    `batched` trains repetitions as one large network, unless they stop early: `auto` does so on a GPU. The
    results agree up to rounding, but for dropout on a GPU, which draws other masks. With `cuda_graph` such
    a training records its step once and replays it.

    Examples
    --------
    >>> [Recipe().steps_for(n) for n in (100, 1200, 10_000, 60_000)]
    [1000, 1000, 7825, 10000]
    >>> Recipe(steps=3000).steps_for(100)
    3000
    >>> [Recipe(match="epochs").steps_for(n) for n in (100, 1200, 10_000, 60_000)]
    [100, 950, 7825, 46875]
    """

    optimizer: Literal["adamw", "adam"] = "adamw"
    learning_rate: Positive = 6e-3
    betas: tuple[Fraction, Fraction] = (0.9, 0.99)
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.05
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: Fraction = 0.05
    label_smoothing: Fraction = 0.1
    batch_size: Annotated[int, Field(ge=1)] = 32
    match: Literal["steps", "epochs"] = "steps"
    epochs: Positive = 25.0
    min_steps: Annotated[int, Field(ge=1)] = 1000
    max_steps: Annotated[int, Field(ge=1)] = 10_000
    steps: Annotated[int, Field(ge=1)] | None = None
    validation_fraction: Fraction = 0.0
    patience: Annotated[int, Field(ge=1)] = 10
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    batched: Literal["auto", True, False] = "auto"
    cuda_graph: bool = False
    deterministic: bool = False

    def steps_for(self, n: int) -> int:
        """Return the number of optimiser steps that n kept rows are trained for."""
        if self.steps is not None:
            return self.steps
        passes = math.ceil(self.epochs * math.ceil(n / self.batch_size))
        if self.match == "epochs":
            return passes
        return min(max(passes, self.min_steps), self.max_steps)

    def train(
        self,
        dataset: Dataset,
        subset: Subset,
        model: Model,
        augment: Augment,
        *,
        seed: int,
        repetition: int,
    ) -> Trained:
        from winnow.trainer import fit as training

        started = perf_counter()
        network, losses = self.learn(dataset, subset, model, augment, seed=seed, repetition=repetition)
        normalise = Normalise.of(dataset, device_for(self.accelerator))
        with one_thread():
            predictions = training.predict(network, normalise.chunks(dataset.x_test))
        return Trained(predictions, losses, perf_counter() - started)

    def learn(
        self,
        dataset: Dataset,
        subset: Subset,
        model: Model,
        augment: Augment,
        *,
        seed: int,
        repetition: int,
        watch: Stop | None = None,
        description: str | None = None,
    ) -> tuple["torch.nn.Module", ndarray]:
        """Return a network trained on `subset`, and the loss of every step; nothing is tested.

        `watch` is asked after every pass whether to stop, in place of the recipe's own early stopping.
        """
        import torch

        _require_rows(subset)
        device = device_for(self.accelerator)
        batches, patience = self._batches(dataset, subset, augment, device, seed, repetition)
        with torch.random.fork_rng(), one_thread():
            # Dropout goes on drawing from this stream, so it is paired between selectors too.
            torch.manual_seed(stream_seed(seed, repetition, "init"))
            network = model.build(dataset.x.shape[1:], len(dataset.classes)).to(device)
            # So laid out, convolution and pooling take a fifth less time.
            network = network.to(memory_format=torch.channels_last)
            steps = self.steps_for(len(subset))
            losses = self._fit(network, batches, steps, watch or patience, description)
        if patience:
            patience.restore(network)
        return network, losses

    def _batches(
        self,
        dataset: Dataset,
        subset: Subset,
        augment: Augment,
        device: "torch.device",
        seed: int,
        repetition: int,
    ) -> tuple[Batches, Patience | None]:
        """Return the batches to learn from, and what stops the training early if it is asked to."""
        import torch

        rows = Rows.of(dataset, subset, Normalise.of(dataset, device))
        learnt, aside = set_aside(
            len(subset), self.validation_fraction, stream(seed, repetition, "validation")
        )
        batches = Batches(
            *rows.at(learnt),
            augment=augment,
            size=self.batch_size,
            order=stream(seed, repetition, "order"),
            distortion=torch.Generator(device).manual_seed(stream_seed(seed, repetition, "augment")),
        )
        return batches, Patience(*rows.at(aside)[:2], self.patience) if len(aside) else None

    @property
    def trains_together(self) -> bool:
        if self.validation_fraction:  # each would stop at its own time
            return False
        return self.accelerator != "cpu" and has_gpu() if self.batched == "auto" else self.batched

    def train_together(
        self,
        dataset: Dataset,
        subsets: Sequence[Subset],
        model: Model,
        augment: Augment,
        *,
        seed: int,
        repetitions: Sequence[int],
    ) -> list[Trained | InvalidValue]:
        from winnow.trainer._together import train_together

        _require_rows(subsets[0])
        return train_together(self, dataset, subsets, model, augment, seed, repetitions)

    def _fit(
        self,
        network: "torch.nn.Module",
        batches: Batches,
        steps: int,
        stop: Stop | None,
        description: str | None,
    ) -> ndarray:
        from winnow.trainer import fit as training

        optimizer, scheduler = self.optimizer_for(network.parameters(), steps)
        return training.fit(
            network,
            self.loss,
            batches,
            steps=steps,
            optimizer=optimizer,
            scheduler=scheduler,
            description=description,
            stop=stop,
            deterministic=self.deterministic,
        )

    def loss(self, network: Callable[["torch.Tensor"], "torch.Tensor"], batch: Batch) -> "torch.Tensor":
        """Return the weighted mean loss of a batch."""
        from torch.nn.functional import cross_entropy

        images, labels, weights = batch
        losses = cross_entropy(
            network(images), labels, reduction="none", label_smoothing=self.label_smoothing
        )
        return (losses * weights).sum() / weights.sum()

    def optimizer_for(
        self, parameters: Iterable["torch.Tensor"], steps: int, *, stacked: bool = False
    ) -> tuple["torch.optim.Optimizer", "torch.optim.lr_scheduler.LRScheduler | None"]:
        """Return the optimiser and its schedule; replicas are `stacked` along a first dimension."""
        from torch.optim import Adam, AdamW
        from torch.optim.lr_scheduler import LambdaLR

        vector = 2 if stacked else 1
        groups = defaultdict(list)
        for parameter in parameters:
            # Decay is meant for weights; on biases and normalisation gains it only does harm.
            groups[self.weight_decay if parameter.ndim > vector else 0.0].append(parameter)
        make = uncompiled({"adamw": AdamW, "adam": Adam}[self.optimizer])
        optimizer = make(
            [{"params": members, "weight_decay": decay} for decay, members in groups.items()],
            lr=self.learning_rate,
            betas=self.betas,
            fused=True,
        )
        if self.schedule == "constant":
            return optimizer, None
        return optimizer, LambdaLR(optimizer, lambda step: self._cosine(step, steps))

    def _cosine(self, step: int, steps: int) -> float:
        warm = round(self.warmup * steps)
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))


def _require_rows(subset: Subset) -> None:
    if len(subset) == 0:
        raise InvalidValue("the subset must hold at least one row, got 0", remedy="raise budget")
