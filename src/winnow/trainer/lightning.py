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

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.network.device import check_compiles, device_for, name_of
from winnow.network.normalisation import Normalisation
from winnow.stages import Augment, Model
from winnow.streams import Streams
from winnow.trainer._settings import Count as Count
from winnow.trainer._settings import Positive as Positive
from winnow.trainer._settings import Settings
from winnow.types import Dataset, Subset, Trained

if TYPE_CHECKING:
    import pytorch_lightning
    import torch
    from pytorch_lightning.callbacks import Callback
    from torch.optim import Optimizer

    from winnow.trainer._optimization import Factor


@dataclass(frozen=True)
class Lightning(Settings):
    """A LightningModule, a LightningDataModule and a Lightning Trainer with these hyper-parameters.

    Examples
    --------
    >>> [Lightning().steps_for(n) for n in (100, 1200, 10_000, 60_000)]
    [1000, 1000, 7825, 10000]
    >>> Lightning(steps=3000).steps_for(100)
    3000
    >>> [Lightning(match="epochs").steps_for(n) for n in (100, 1200, 10_000, 60_000)]
    [100, 950, 7825, 46875]
    >>> Lightning(devices=2, accumulate_grad_batches=4).effective_batch_size
    256
    """

    def train(
        self,
        dataset: Dataset,
        subset: Subset,
        model: Model,
        augment: Augment,
        streams: Streams,
        *,
        unfinished: Path | None = None,
    ) -> Trained:
        from winnow.network.predict import predict

        started = perf_counter()
        network, losses = self.learn(dataset, subset, model, augment, streams, unfinished=unfinished)
        device = device_for(self.accelerator)
        normalised = Normalisation.of(dataset, device, model).batches(dataset.x_test)
        predictions = predict(network, normalised)
        return Trained(predictions, losses, perf_counter() - started, name_of(device))

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
        unfinished: Path | None = None,
    ) -> tuple["torch.nn.Module", ndarray]:
        """Return a network trained on `subset`, and the loss of every optimiser step, float32 (steps,).

        `after_epoch` is called with the network after every pass, and stops the training by returning True;
        with several devices there is no such call. A `description` shows a progress bar under that name. In
        the folder `unfinished`, if given, a long training keeps what it needs to go on after a kill.

        Raises
        ------
        InvalidValue
            If there are fewer rows than devices, if a device is missing or cannot compute in the precision,
            or if a loss is not finite.
        """
        from winnow.trainer._fit import Training, fit, fit_in_processes

        _require_rows(subset, self.world_size)
        self.check_device()
        training = Training(self, dataset, subset, model, augment, streams, unfinished, description)
        if not self.is_shared:
            network, losses = fit(training, after_epoch)
        elif after_epoch is None:
            network, losses = fit_in_processes(training)
        else:
            raise InvalidValue("a training that is watched must run on one device", remedy="set devices=1")
        return network.to(device_for(self.accelerator)), losses

    def check_device(self) -> None:
        from winnow.trainer._ranks import check_nodes

        check_nodes(self.num_nodes)
        if (self.accelerator, self.precision, self.devices, self.compile) == ("auto", "32-true", 1, False):
            return  # any machine will do, and torch takes a second to import
        import torch

        device = device_for(self.accelerator)
        if self.precision == "16-mixed" and device.type == "cpu":
            raise InvalidValue(
                "precision must be 32-true or bf16-mixed on a CPU, got 16-mixed",
                where="trainer.precision=16-mixed",
                remedy="use trainer.precision=bf16-mixed",
            )
        if device.type == "cuda" and self.devices > (there := torch.cuda.device_count()):
            raise InvalidValue(
                f"devices must be at most the {there} GPUs of this machine, got {self.devices}",
                where=f"trainer.devices={self.devices}",
                remedy=f"use trainer.devices={there}",
            )
        if self.compile:
            check_compiles(device)

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
            compiled=self.compile,
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

    def trainer(
        self, steps: int, callbacks: "Sequence[Callback]" = (), unfinished: Path | None = None
    ) -> "pytorch_lightning.Trainer":
        """Return a Lightning Trainer for so many optimiser steps; it logs and prints nothing.

        It saves checkpoints into the folder `unfinished`, if there is one and the training takes long enough.
        """
        import pytorch_lightning
        from pytorch_lightning.plugins.environments import LightningEnvironment

        from winnow.trainer._checkpoints import Checkpoints, WholeFiles

        saving = [Checkpoints(unfinished, self.checkpoint_minutes)] if unfinished else []
        return pytorch_lightning.Trainer(
            accelerator=device_for(self.accelerator).type,
            devices=self.devices,
            num_nodes=self.num_nodes,
            strategy="ddp" if self.is_shared and self.strategy == "auto" else self.strategy,
            use_distributed_sampler=False,  # the rows are divided where batches are cut
            max_steps=steps,
            max_epochs=-1,
            precision=self.precision,
            gradient_clip_val=self.gradient_clip_val,
            accumulate_grad_batches=self.accumulate_grad_batches,
            deterministic=True if self.deterministic else None,
            callbacks=[*callbacks, *saving],
            logger=False,
            enable_checkpointing=bool(saving),
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            # Lightning would otherwise find the variables of Slurm and requeue the job by itself.
            plugins=[LightningEnvironment(), WholeFiles()],
        )

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

        _require_rows(subsets[0], 1)
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


def _require_rows(subset: Subset, world_size: int) -> None:
    if len(subset) == 0:
        raise InvalidValue("the subset must hold at least one row, got 0", remedy="raise budget")
    if len(subset) < world_size:
        raise InvalidValue(
            f"the subset must hold at least one row for each of {world_size} devices, got {len(subset)}",
            where="trainer.devices",
            remedy="raise budget, or lower trainer.devices",
        )
