"""One training by Lightning from its rows to its network: in this process, or shared by several."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from numpy import ndarray
from pytorch_lightning.callbacks import Callback

from winnow.network.device import fault_of
from winnow.stages import Augment, Model
from winnow.streams import Streams
from winnow.trainer import _callbacks
from winnow.trainer._checkpoints import RandomState, latest
from winnow.trainer._data import KeptRows
from winnow.trainer._mixing import Mixing
from winnow.trainer._ranks import of_first_rank
from winnow.trainer._run import interruptible, reading, surroundings
from winnow.types import Dataset, Subset

if TYPE_CHECKING:
    from winnow.trainer.lightning import Lightning


@dataclass(frozen=True, eq=False)
class Training:
    """What is trained on what, by whom, and the folder, if any, that holds what an earlier attempt saved."""

    by: "Lightning"
    dataset: Dataset
    subset: Subset
    model: Model
    augment: Augment
    streams: Streams
    unfinished: Path | None = None
    description: str | None = None

    def network(self) -> torch.nn.Module:
        """Return the network with its initial weights."""
        return self.model.build(self.dataset.x.shape[1:], len(self.dataset.classes))

    def rows(self) -> KeptRows:
        """Return the kept rows as Lightning reads them."""
        by, classes = self.by, len(self.dataset.classes)
        return KeptRows(
            self.dataset,
            self.subset,
            self.augment,
            self.streams,
            batch_size=by.batch_size,
            validation_fraction=by.validation_fraction,
            mixing=Mixing(by.mixup, by.cutmix, classes) if by.mixup or by.cutmix else None,
            rows_in_memory=by.rows_in_memory,
            num_workers=by.num_workers,
            model=self.model,
        )

    def callbacks(self) -> list[Callback]:
        """Return what is watched besides the loss curve and the best weights."""
        callbacks: list[Callback] = [RandomState(self.streams)]
        callbacks += [_callbacks.moving_average(self.by.ema_decay)] if self.by.ema_decay else []
        callbacks += [_callbacks.StepBar(self.description)] if self.description else []
        return callbacks


def fit(
    training: Training, after_epoch: Callable[[torch.nn.Module], bool] | None = None
) -> tuple[torch.nn.Module, ndarray]:
    """Return the trained network, and the loss of every optimiser step, float32 (steps,).

    Raises
    ------
    InvalidValue
        If a loss is not finite.
    """
    by, rows = training.by, training.rows()
    curve, best = _callbacks.LossCurve(), _callbacks.BestWeights()
    stopping = [_callbacks.early_stopping(by.patience), best] if len(rows.validation_rows) else []
    watching = [_callbacks.EpochWatch(after_epoch)] if after_epoch else []
    with surroundings(deterministic=by.deterministic):
        # The dropout goes on drawing from this stream, so that it is the same for every selector.
        torch.manual_seed(training.streams.seed("init"))
        module = by.module(training.network())
        callbacks = [curve, *training.callbacks(), *stopping, *watching]
        trainer = by.trainer(by.steps_for(len(training.subset)), callbacks, training.unfinished)
        with interruptible(trainer), reading(by.num_workers):
            begun = latest(training.unfinished) if training.unfinished else None
            trainer.fit(module, rows, ckpt_path=begun, weights_only=True)
            if stopping:
                trainer.validate(module, rows, verbose=False)  # the last pass may have been cut short
                best.restore(module)
    if fault := fault_of(curve.losses):
        raise fault
    return module.network, curve.losses


def fit_in_processes(training: Training) -> tuple[torch.nn.Module, ndarray]:
    """As `fit`, by several processes with a part of every batch each."""
    by = training.by
    weights, losses = of_first_rank(partial(_fitted_weights, training), by.devices, by.num_nodes)
    with torch.random.fork_rng(devices=[]):
        network = training.network()
    network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    return network.to(memory_format=torch.channels_last), losses


def _fitted_weights(training: Training) -> tuple[dict[str, ndarray], ndarray]:
    """Return what a process sends back: the weights by their names, and the losses."""
    network, losses = fit(training)
    return {name: value.cpu().numpy() for name, value in network.state_dict().items()}, losses
