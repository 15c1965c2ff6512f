"""The training loop: the only file that imports Lightning, and imported only when something must be trained.

Lightning is run quiet. Checkpoints, bars, summaries and sanity steps cost more than a step of a small
network does, and batches come from tensors in memory, not from loader processes. Even so, what it does
around a step takes a fifth of a step of LeNet-5, so it is called once for a turn of several steps. One thread
always: winnow runs repetitions side by side instead, so a result never depends on how many cores there are.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytorch_lightning as lightning
import torch
from numpy import ndarray
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.plugins.environments import LightningEnvironment
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from winnow.network.device import fault_of, one_thread, repeatable
from winnow.network.predict import prepared

# It greets on every fit; what a person should know, winnow says.
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
# It sets this when imported. Torch then loads the GPU's library anew at every optimiser step to see whether
# there is a GPU: on a machine without one, a twentieth of a step of LeNet-5.
os.environ.pop("PYTORCH_NVML_BASED_CUDA_CHECK", None)

Loss = Callable[[torch.nn.Module, Any], Tensor]
Stop = Callable[[torch.nn.Module], bool]
# Optimiser steps in a turn: few enough for a bar that moves.
TURN = 25


def fit(
    network: torch.nn.Module,
    loss: Loss,
    batches: Iterable[Any],
    *,
    steps: int,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    description: str | None = None,
    stop: Stop | None = None,
    deterministic: bool = False,
) -> ndarray:
    """Take exactly `steps` optimiser steps, or fewer if told to `stop`, and return the loss of each, float32.

    One pass over `batches` is an epoch; it is iterated again until the steps are taken, or until `stop`,
    asked after every pass and after the last step, says that it is enough. The network is trained where its
    parameters are, and stays there. A `description` shows a progress bar under that name.

    Raises
    ------
    InvalidValue
        If a loss is not finite, naming the first such step.
    """
    stream = _stream(network, batches, steps, stop)
    objective = Objective(network, lambda batch: loss(network, batch), stream, optimizer, scheduler)
    callbacks: list[Callback] = [StepBar(description, steps)] if description else []
    device = next(network.parameters()).device
    with one_thread(), repeatable(deterministic), warnings.catch_warnings():
        # Advice to Lightning's own developers, users of Slurm, and people who train without its loaders.
        warnings.filterwarnings("ignore", module="(pytorch_lightning|lightning_fabric)")
        trainer = _quiet_trainer(device, callbacks)
        with _interrupts_as_they_are(trainer):
            trainer.fit(objective, train_dataloaders=range(0, steps, TURN))
    network.to(device)  # Lightning leaves it on the CPU
    losses = torch.stack(objective.losses).float().cpu().numpy()
    if fault := fault_of(losses):
        raise fault
    return losses


def _stream(network: torch.nn.Module, batches: Iterable[Any], steps: int, stop: Stop | None) -> Iterator[Any]:
    """Yield `steps` batches, pass after pass, or fewer if `stop` says so at the end of one."""
    taken = 0
    while taken < steps:
        for batch in islice(batches, steps - taken):
            taken += 1
            yield batch
        if stop and stop(network):
            return


def _quiet_trainer(device: torch.device, callbacks: list[Callback]) -> lightning.Trainer:
    return lightning.Trainer(
        max_epochs=1,
        accelerator=device.type,
        devices=1,
        logger=False,
        callbacks=callbacks,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
        log_every_n_steps=0,
        # Without this, Lightning finds Slurm's variables and takes over signals and requeueing.
        plugins=[LightningEnvironment()],
    )


def predict(network: torch.nn.Module, batches: Iterable[Tensor]) -> ndarray:
    """Return the most likely class of every row, int64 (m,)."""
    network.eval()
    with one_thread(), torch.inference_mode():
        answer = prepared(network)
        return torch.cat([answer(images).argmax(dim=1).cpu() for images in batches]).numpy()


class Objective(lightning.LightningModule):
    """A network, the loss it is trained on, the batches left, what lowers the loss, and the losses so far."""

    def __init__(
        self,
        network: torch.nn.Module,
        loss: Callable[[Any], Tensor],
        stream: Iterator[Any],
        optimizer: torch.optim.Optimizer,
        scheduler: torch.optim.lr_scheduler.LRScheduler | None,
    ) -> None:
        super().__init__()
        self.network, self._loss, self._stream = network, loss, stream
        self._optimizer, self._scheduler = optimizer, scheduler
        self.losses: list[Tensor] = []
        self.automatic_optimization = False  # one optimiser step a call, and a dozen hooks around it

    def training_step(self, batch: int, batch_index: int) -> None:
        """Take a turn; what Lightning believes to be a batch is the number of its first step."""
        for examples in islice(self._stream, TURN):
            self._optimizer.zero_grad()
            value = self._loss(examples)
            value.backward()
            self._optimizer.step()
            if self._scheduler is not None:
                self._scheduler.step()
            # Kept here, in order: `self.log` and a logger would cost more than a turn's worth of this.
            self.losses.append(value.detach())

    def on_train_epoch_end(self) -> None:
        """Let the last pass be judged, too: now, because after the fit the network is no longer in place."""
        next(self._stream, None)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self._optimizer


class StepBar(Callback):
    """A progress bar on stderr that counts optimiser steps."""

    def __init__(self, description: str, steps: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task(description, total=steps)

    def on_fit_start(self, *args: Any) -> None:
        self._progress.start()

    def on_train_batch_end(self, trainer: lightning.Trainer, objective: Objective, *args: Any) -> None:
        self._progress.update(self._task, completed=len(objective.losses))

    def on_fit_end(self, *args: Any) -> None:
        self._progress.stop()

    def on_exception(self, *args: Any) -> None:
        self._progress.stop()


@contextmanager
def _interrupts_as_they_are(trainer: lightning.Trainer) -> Iterator[None]:
    """Lightning turns Ctrl-C into a plain SystemExit(1); the rest of winnow needs to know it was Ctrl-C."""
    try:
        yield
    except SystemExit as exit_:
        if trainer.interrupted:
            raise KeyboardInterrupt from exit_
        raise
