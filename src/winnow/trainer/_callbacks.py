"""What winnow adds to a Lightning training: the loss of every step, the best weights, a bar, a watch."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from jaxtyping import Float32
from numpy import ndarray
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback, EarlyStopping, EMAWeightAveraging
from torch import Tensor

from winnow.network.progress import progress_bar
from winnow.trainer._module import VALIDATION_RIGHT

AfterEpoch = Callable[[torch.nn.Module], bool]


class LossCurve(Callback):
    """Keeps the loss of every optimiser step: the mean over its batches, if gradients are accumulated."""

    def __init__(self) -> None:
        self._steps: list[Tensor] = []
        self._batches: list[Tensor] = []
        self._loaded = torch.empty(0)

    @property
    def losses(self) -> Float32[ndarray, " steps"]:
        """The losses so far."""
        return torch.stack(self._steps).float().cpu().numpy()

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, outputs: Any, *_: Any) -> None:
        # Lightning has divided it by the number of batches that a step accumulates.
        self._batches.append(outputs["loss"] * trainer.accumulate_grad_batches)
        if trainer.global_step > len(self._steps):
            several = len(self._batches) > 1
            self._steps.append(torch.stack(self._batches).mean() if several else self._batches[0])
            self._batches.clear()

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        # Every device has seen its own part of a batch.
        if self._steps:
            self._steps = list(trainer.strategy.reduce(torch.stack(self._steps), reduce_op="mean"))

    def state_dict(self) -> dict[str, Any]:
        return {"losses": torch.stack(self._steps).cpu()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._loaded = state_dict["losses"]

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        self._steps[:0] = self._loaded.to(module.device)
        self._loaded = self._loaded[:0]


def early_stopping(patience: int) -> EarlyStopping:
    """Return what stops a training after `patience` validations without more rows classified correctly."""
    return EarlyStopping(VALIDATION_RIGHT, mode="max", patience=patience, check_on_train_epoch_end=False)


def moving_average(decay: float) -> EMAWeightAveraging:
    """Return what averages the weights over all steps, and leaves the average in the network.

    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM Journal on Control and
    Optimization, 1992; with the exponential weights that are usual today.
    """
    return EMAWeightAveraging(decay=decay)


class BestWeights(Callback):
    """Keeps the weights that classified most validation rows correctly, the earliest of equal ones."""

    def __init__(self) -> None:
        self._right = -1.0
        self._weights: dict[str, Tensor] = {}

    def on_validation_end(self, trainer: Trainer, module: LightningModule) -> None:
        right = float(trainer.callback_metrics[VALIDATION_RIGHT])
        if right > self._right:
            self._right = right
            self._weights = {name: value.clone() for name, value in module.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        return {"right": self._right, "weights": self._weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._right, self._weights = state_dict["right"], state_dict["weights"]

    def restore(self, module: LightningModule) -> None:
        """Give the network these weights."""
        module.load_state_dict(self._weights)


class EpochWatch(Callback):
    """Calls a function with the network after every pass over the rows, and stops when it returns true."""

    def __init__(self, after_epoch: AfterEpoch) -> None:
        self._after_epoch = after_epoch

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        if self._after_epoch(module.network):
            trainer.should_stop = True


class StepBar(Callback):
    """A progress bar on stderr that counts optimiser steps of the whole training, whatever the epochs."""

    def __init__(self, description: str) -> None:
        self._description, self._open = description, ExitStack()

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        self._show = self._open.enter_context(progress_bar(self._description, trainer.max_steps))

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        self._show(trainer.global_step)

    def on_train_end(self, *_: Any) -> None:
        self._open.close()

    def on_exception(self, *_: Any) -> None:
        self._open.close()
