"""The network as Lightning trains it."""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from winnow.trainer._data import Batch
from winnow.trainer._optimization import Factor, weighted_cross_entropy

# Lightning reports the devices at every fit; winnow fits many networks in one command.
for name in ("pytorch_lightning", "lightning_fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)

TRAIN_LOSS, VALIDATION_RIGHT = "train_loss", "validation_right"


class Classifier(LightningModule):
    """A network that learns classes.

    `make_optimizer` takes its parameters, `make_schedule` the number of steps; `hyperparameters` are what a
    checkpoint or a logger of Lightning writes down. Labels are numbers of classes (b,), or shares of all
    classes (b, classes). While it is trained, `compiled`, the network runs as torch.compile made it.

    Logs `train_loss` at every step, if there is a logger, and after every validation `validation_right`, the
    number of rows classified correctly: a count, because equal shares may differ in their last bit.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        make_optimizer: Callable[[Iterable[Tensor]], Optimizer],
        make_schedule: Callable[[int], Factor | None],
        label_smoothing: float,
        hyperparameters: Mapping[str, Any],
        compiled: bool = False,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(dict(hyperparameters))
        self.network, self.label_smoothing = network, label_smoothing
        self.make_optimizer, self.make_schedule = make_optimizer, make_schedule
        self.compiled, self._answer = compiled, None

    def on_fit_start(self) -> None:
        if self.compiled:  # partial, or else its weights would be counted twice
            self._answer = partial(torch.compile(self.network))

    def on_fit_end(self) -> None:
        self._answer = None

    def forward(self, images: Tensor) -> Tensor:
        return (self._answer or self.network)(images)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        images, labels, weights = batch
        loss = weighted_cross_entropy(self(images), labels, weights, self.label_smoothing)
        if (
            self.trainer.loggers
        ):  # to log takes a tenth of a step of LeNet-5, and callbacks see the loss anyway
            self.log(TRAIN_LOSS, loss)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        images, labels, _ = batch
        right = (self(images).argmax(dim=1) == labels).sum()
        self.log(VALIDATION_RIGHT, right.float(), on_epoch=True, reduce_fx="sum", batch_size=len(labels))

    def configure_optimizers(self) -> Any:
        optimizer = self.make_optimizer(self.parameters())
        factor = self.make_schedule(int(self.trainer.estimated_stepping_batches))
        if factor is None:
            return optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": LambdaLR(optimizer, factor), "interval": "step"},
        }
