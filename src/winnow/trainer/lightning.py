"""Train by Lightning, for a number of optimiser steps that depends on the budget alone.

The defaults are those of winnow's reference measurements without augmentation: AdamW at 6e-3 with a short
warm-up and a cosine to zero, batches of 32, label smoothing 0.1. They were chosen on a validation part of the
training set, on random subsets, and are the same for every selector. Results are read at the last step,
never at the best one, unless rows of the subset itself are held out to stop early.

Early stopping makes the number of steps depend on the rows as well, and part of the budget is not learnt
from: comparisons are fair only where every selector stops in this way. It pays where the schedule is
constant and nobody knows how long to train; with a schedule that ends, it loses [1]_.

.. [1] Prechelt, "Early stopping - but when?", Neural Networks: Tricks of the Trade, 1998.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Literal

from numpy import ndarray
from pydantic import Field

from winnow.errors import InvalidValue
from winnow.network.device import device_for, fault_of
from winnow.network.normalisation import Normalisation
from winnow.stages import Augment, Model, Trainer
from winnow.streams import Streams
from winnow.types import Dataset, Subset, Trained

if TYPE_CHECKING:
    import pytorch_lightning
    import torch
    from pytorch_lightning.callbacks import Callback
    from torch.optim import Optimizer

    from winnow.trainer._optimization import Factor

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class Lightning(Trainer):
    """A LightningModule, a LightningDataModule and a Lightning Trainer with these hyper-parameters.

    Parameters
    ----------
    optimizer : {"adamw", "adam", "sgd"}
        Adam with or without decoupled weight decay, or stochastic gradient descent.
    learning_rate : float
        Its highest value.
    betas : tuple of two floats
        Decay rates of Adam's averages of the gradient and of its square.
    weight_decay : float
        Of weights; biases and the gains of normalisation never decay.
    momentum, nesterov : float, bool
        Of `sgd`: decay rate of its average of the gradients, and whether it looks ahead along it.
    schedule : {"cosine", "constant", "step", "one_cycle"}
        How the learning rate goes on after the warm-up: down to zero, not at all (without a warm-up), down by
        `step_factor` at every milestone, or as torch's OneCycleLR, whose usual warm-up is 0.3.
    warmup : float
        Share of the steps over which the learning rate rises.
    milestones, step_factor : tuple of floats, float
        Shares of the steps after which `step` multiplies the learning rate by this factor.
    label_smoothing : float
        Probability that is taken from the right class and spread over all classes.
    batch_size : int
        Rows of a batch, at most: a pass is cut into batches as equal as possible.
    match : {"steps", "epochs"}
        What trainings on subsets of different size have in common. `steps`: `epochs` passes over the kept
        rows, but at least `min_steps` and at most `max_steps`, so that 100 images are not starved. `epochs`:
        `epochs` passes and no bounds, so that a smaller subset is also trained less.
    epochs : float
        Passes over the kept rows.
    min_steps, max_steps : int
        Bounds of the number of optimiser steps.
    steps : int or None
        The number of optimiser steps, whatever the budget; None: as `match` says.
    validation_fraction : float
        Share of the kept rows that are not learnt from, but decide when to stop. 0: none, never stop early.
    patience : int
        Passes without more validation rows classified correctly before stopping; the best weights are used.
    accelerator : {"auto", "cpu", "gpu"}
        Where to train; auto: on an NVIDIA GPU if there is one.
    precision : {"32-true", "bf16-mixed"}
        Lightning's precision: float32, or bfloat16 where torch.autocast uses it.
    gradient_clip_val : float or None
        Largest norm of a gradient, above which it is scaled down. None: gradients are used as they are.
    accumulate_grad_batches : int
        Batches whose gradients are averaged for an optimiser step.
    together : bool
        Train several repetitions as one large network, which is meant for a GPU, because a small network
        leaves most of it idle. Accuracies agree up to rounding, but for dropout on a GPU, which draws other
        masks. With early stopping, mixed precision, clipping or accumulation they are trained one by one
        all the same.
    deterministic : bool
        On a GPU, use only algorithms that give the same bits every time. On a CPU results always do.

    Examples
    --------
    >>> [Lightning().steps_for(n) for n in (100, 1200, 10_000, 60_000)]
    [1000, 1000, 7825, 10000]
    >>> Lightning(steps=3000).steps_for(100)
    3000
    >>> [Lightning(match="epochs").steps_for(n) for n in (100, 1200, 10_000, 60_000)]
    [100, 950, 7825, 46875]
    """

    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: Positive = 6e-3
    betas: tuple[Fraction, Fraction] = (0.9, 0.99)
    weight_decay: NotNegative = 0.05
    momentum: Fraction = 0.9
    nesterov: bool = True
    schedule: Literal["cosine", "constant", "step", "one_cycle"] = "cosine"
    warmup: Fraction = 0.05
    milestones: tuple[Fraction, ...] = (0.5, 0.75)
    step_factor: Fraction = 0.1
    label_smoothing: Fraction = 0.1
    batch_size: Count = 32
    match: Literal["steps", "epochs"] = "steps"
    epochs: Positive = 25.0
    min_steps: Count = 1000
    max_steps: Count = 10_000
    steps: Count | None = None
    validation_fraction: Fraction = 0.0
    patience: Count = 10
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    gradient_clip_val: Positive | None = None
    accumulate_grad_batches: Count = 1
    together: bool = False
    deterministic: bool = False

    def steps_for(self, n: int) -> int:
        """Return the number of optimiser steps that n kept rows are trained for."""
        if self.steps is not None:
            return self.steps
        a_pass = math.ceil(math.ceil(n / self.batch_size) / self.accumulate_grad_batches)
        steps = math.ceil(self.epochs * a_pass)
        return steps if self.match == "epochs" else min(max(steps, self.min_steps), self.max_steps)

    def train(
        self, dataset: Dataset, subset: Subset, model: Model, augment: Augment, streams: Streams
    ) -> Trained:
        from winnow.network.predict import predict

        started = perf_counter()
        network, losses = self.learn(dataset, subset, model, augment, streams)
        normalised = Normalisation.of(dataset, device_for(self.accelerator)).batches(dataset.x_test)
        return Trained(predict(network, normalised), losses, perf_counter() - started)

    def learn(
        self,
        dataset: Dataset,
        subset: Subset,
        model: Model,
        augment: Augment,
        streams: Streams,
        *,
        after_epoch: "Callable[[torch.nn.Module], bool] | None" = None,
        description: str | None = None,
    ) -> tuple["torch.nn.Module", ndarray]:
        """Return a network trained on `subset`, and the loss of every optimiser step, float32 (steps,).

        `after_epoch` is called with the network after every pass, and stops the training by returning True.
        A `description` shows a progress bar under that name.

        Raises
        ------
        InvalidValue
            If there is no row, if the accelerator is missing, or if a loss is not finite.
        """
        import torch

        from winnow.trainer._callbacks import BestWeights, EpochWatch, LossCurve, StepBar, early_stopping
        from winnow.trainer._data import KeptRows
        from winnow.trainer._run import interruptible, surroundings

        _require_rows(subset)
        device = device_for(self.accelerator)
        fraction = self.validation_fraction
        rows = KeptRows(
            dataset, subset, augment, streams, batch_size=self.batch_size, validation_fraction=fraction
        )
        curve, best = LossCurve(), BestWeights()
        callbacks: list[Callback] = [curve]
        callbacks += [early_stopping(self.patience), best] if len(rows.validation_rows) else []
        callbacks += [EpochWatch(after_epoch)] if after_epoch else []
        callbacks += [StepBar(description)] if description else []
        with surroundings(deterministic=self.deterministic):
            # The dropout goes on drawing from this stream, so that it is the same for every selector.
            torch.manual_seed(streams.seed("init"))
            module = self.module(model.build(dataset.x.shape[1:], len(dataset.classes)))
            trainer = self.trainer(self.steps_for(len(subset)), callbacks)
            with interruptible(trainer):
                trainer.fit(module, rows)
                if best in callbacks:
                    trainer.validate(module, rows, verbose=False)  # the last pass may have been cut short
                    best.restore(module)
        if fault := fault_of(curve.losses):
            raise fault
        return module.network.to(device), curve.losses

    def module(self, network: "torch.nn.Module") -> "pytorch_lightning.LightningModule":
        """Return the LightningModule that trains `network`."""
        import torch

        from winnow.trainer._module import Classifier

        return Classifier(
            # In this memory layout convolution and pooling take a fifth less time.
            network.to(memory_format=torch.channels_last),
            make_optimizer=self._make_optimizer(vector_dimensions=1),
            make_schedule=self._make_schedule(),
            label_smoothing=self.label_smoothing,
            hyperparameters=asdict(self),
        )

    def _make_optimizer(self, vector_dimensions: int) -> "Callable[[Iterable[torch.Tensor]], Optimizer]":
        from winnow.trainer._optimization import make_optimizer

        names = ("learning_rate", "betas", "weight_decay", "momentum", "nesterov")
        settings = {name: getattr(self, name) for name in names}
        return partial(make_optimizer, self.optimizer, **settings, vector_dimensions=vector_dimensions)

    def _make_schedule(self) -> "Callable[[int], Factor | None]":
        from winnow.trainer._optimization import make_schedule

        settings = {name: getattr(self, name) for name in ("warmup", "milestones", "step_factor")}
        return partial(make_schedule, self.schedule, **settings)

    def trainer(self, steps: int, callbacks: "Sequence[Callback]" = ()) -> "pytorch_lightning.Trainer":
        """Return a Lightning Trainer for so many optimiser steps; it logs, saves and prints nothing."""
        import pytorch_lightning
        from pytorch_lightning.plugins.environments import LightningEnvironment

        return pytorch_lightning.Trainer(
            accelerator=device_for(self.accelerator).type,
            devices=1,
            max_steps=steps,
            max_epochs=-1,
            precision=self.precision,
            gradient_clip_val=self.gradient_clip_val,
            accumulate_grad_batches=self.accumulate_grad_batches,
            deterministic=True if self.deterministic else None,
            callbacks=list(callbacks),
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            # Lightning would otherwise find the variables of Slurm and requeue the job by itself.
            plugins=[LightningEnvironment()],
        )

    @property
    def trains_together(self) -> bool:
        usual = (0.0, "32-true", None, 1)
        given = self.validation_fraction, self.precision, self.gradient_clip_val, self.accumulate_grad_batches
        return self.together and given == usual

    def train_together(
        self,
        dataset: Dataset,
        subsets: Sequence[Subset],
        model: Model,
        augment: Augment,
        streams: Sequence[Streams],
    ) -> list[Trained | InvalidValue]:
        from winnow.trainer._optimization import weighted_cross_entropy
        from winnow.trainer._together import train_together

        _require_rows(subsets[0])
        steps = self.steps_for(len(subsets[0]))
        return train_together(
            dataset,
            subsets,
            model,
            augment,
            streams,
            steps=steps,
            batch_size=self.batch_size,
            loss=partial(weighted_cross_entropy, smoothing=self.label_smoothing),
            make_optimizer=self._make_optimizer(vector_dimensions=2),  # the first counts the networks
            schedule=self._make_schedule()(steps),
            device=device_for(self.accelerator),
            deterministic=self.deterministic,
        )


def _require_rows(subset: Subset) -> None:
    if len(subset) == 0:
        raise InvalidValue("the subset must hold at least one row, got 0", remedy="raise budget")
