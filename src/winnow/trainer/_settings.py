"""The hyper-parameters of a training by Lightning, what follows from them, and which of them go together."""

import math
from dataclasses import dataclass, field, fields
from typing import Annotated, Literal

from pydantic import Field

from winnow.errors import InvalidValue
from winnow.stages import Trainer

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]

ONE_BY_ONE = (
    *("validation_fraction", "precision", "gradient_clip_val", "accumulate_grad_batches"),
    *("ema_decay", "mixup", "cutmix", "devices", "num_nodes", "strategy", "compile"),
)
"""Settings that repetitions trained as one network do not know, except for their defaults."""


@dataclass(frozen=True)
class Settings(Trainer):
    """What is learnt how, and where it is computed.

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
    mixup, cutmix : float
        Parameter of the beta distribution from which the share of a second row is drawn, for all rows of a
        batch alike: mixed into the whole image, or pasted as a rectangle. 0: not at all; both: one or the
        other, at random for each batch. Cutmix needs images.
    ema_decay : float
        Decay rate of an average of the weights over all steps, with which the test set is judged. 0: the
        weights of the last step.
    batch_size : int
        Rows of a batch on each device, at most: a pass is cut into batches as equal as possible. A step
        learns from `devices * num_nodes * accumulate_grad_batches` times as many.
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
    devices, num_nodes : int
        Lightning's: processes of one training on each machine, with a GPU or a core each, and the number of
        machines. On every machine the same line is typed, with a state_dir of its own, n_jobs=1, and the
        variables NODE_RANK, MASTER_ADDR and MASTER_PORT, as torchrun sets them.
    strategy : {"auto", "ddp", "ddp_find_unused_parameters_true"}
        Lightning's: how several devices share a training; auto: by `ddp` where there are several.
    precision : {"32-true", "bf16-mixed", "16-mixed"}
        Lightning's precision: float32, or bfloat16 or, on a GPU, float16 where torch.autocast uses it.
    compile : bool
        Whether torch.compile makes kernels for the network, which takes a minute and pays in long trainings.
    gradient_clip_val : float or None
        Largest norm of a gradient, above which it is scaled down. None: gradients are used as they are.
    accumulate_grad_batches : int
        Batches whose gradients are averaged for an optimiser step.
    rows_in_memory : float
        Share of the device's free memory that the kept rows may take, as bytes; if they need more, batches
        are read from the disk. The numbers are the same.
    num_workers : int
        Processes that read batches from the disk ahead of time; 0: they are read when they are needed.
    checkpoint_minutes : float
        Minutes between two checkpoints, from which a killed training goes on; a shorter training has none.
    together : bool
        Train several repetitions as one large network, which is meant for a GPU, because a small network
        leaves most of it idle. Accuracies agree up to rounding, but for dropout on a GPU, which draws other
        masks. With early stopping, mixed precision, clipping, accumulation, mixing, averaging, compiling or
        several devices they are trained one by one all the same.
    deterministic : bool
        On a GPU, use only algorithms that give the same bits every time. On a CPU results always do.
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
    mixup: NotNegative = 0.0
    cutmix: NotNegative = 0.0
    ema_decay: Fraction = 0.0
    batch_size: Count = 32
    match: Literal["steps", "epochs"] = "steps"
    epochs: Positive = 25.0
    min_steps: Count = 1000
    max_steps: Count = 10_000
    steps: Count | None = None
    validation_fraction: Fraction = 0.0
    patience: Count = 10
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: Count = 1
    num_nodes: Count = 1
    strategy: Literal["auto", "ddp", "ddp_find_unused_parameters_true"] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    compile: bool = False
    gradient_clip_val: Positive | None = None
    accumulate_grad_batches: Count = 1
    # These three change no number, and so they are no part of a result's key.
    rows_in_memory: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = field(default=0.1, repr=False)
    num_workers: Annotated[int, Field(ge=0)] = field(default=0, repr=False)
    checkpoint_minutes: Positive = field(default=10.0, repr=False)
    together: bool = False
    deterministic: bool = False

    def check(self) -> None:
        if self.match == "epochs" and self.steps is not None:
            raise InvalidValue(
                f"trainer.steps must be null where trainer.match=epochs, got {self.steps}",
                where=f"trainer.steps={self.steps}",
                remedy="set trainer.epochs, the passes over the kept rows",
            )
        if self.ema_decay and self.validation_fraction:
            raise InvalidValue(
                "trainer.ema_decay must be 0 where trainer.validation_fraction is not: the best weights are "
                f"those of one step, got {self.ema_decay}",
                where=f"trainer.ema_decay={self.ema_decay}",
                remedy="choose one of the two",
            )

    @property
    def world_size(self) -> int:
        """Number of processes that share a training, on all machines together."""
        return self.devices * self.num_nodes

    @property
    def processes(self) -> int:
        return self.devices

    @property
    def is_shared(self) -> bool:
        """Whether a training runs in processes of its own."""
        return self.world_size > 1 or self.strategy != "auto"

    @property
    def effective_batch_size(self) -> int:
        return self.batch_size * self.world_size * self.accumulate_grad_batches

    @property
    def summary(self) -> str:
        if self.effective_batch_size == self.batch_size:
            return ""
        factors = {"devices": self.world_size, "batches": self.accumulate_grad_batches}
        parts = [f"{number} {name}" for name, number in factors.items() if number > 1]
        return (
            f"effective batch size: {self.effective_batch_size} "
            f"({' x '.join(parts)} of {self.batch_size} rows)"
        )

    @property
    def trains_together(self) -> bool:
        usual = {each.name: each.default for each in fields(Settings)}
        return self.together and all(getattr(self, name) == usual[name] for name in ONE_BY_ONE)

    def steps_for(self, n: int) -> int:
        """Return the number of optimiser steps that n kept rows are trained for."""
        if self.steps is not None:
            return self.steps
        batches = math.ceil(n / (self.batch_size * self.world_size))
        a_pass = math.ceil(batches / self.accumulate_grad_batches)
        steps = math.ceil(self.epochs * a_pass)
        return steps if self.match == "epochs" else min(max(steps, self.min_steps), self.max_steps)
