"""The network as Lightning trains it."""

import logging
from typing import Any

from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from winnow.trainer._data import Batch
from winnow.trainer._optimization import (
    OptimizerName,
    cosine_schedule,
    make_optimizer,
    weighted_cross_entropy,
)

# Lightning reports the devices at every fit; winnow fits many networks in one command.
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

TRAIN_LOSS, VALIDATION_RIGHT = "train_loss", "validation_right"


class Classifier(LightningModule):
    """A network that learns classes by Adam.

    Logs `train_loss` at every step, if there is a logger, and after every validation `validation_right`, the
    number of rows classified correctly: a count, because equal shares may differ in their last bit.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        optimizer: OptimizerName = "adamw",
        learning_rate: float = 6e-3,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.05,
        cosine: bool = True,
        warmup: float = 0.05,
        label_smoothing: float = 0.1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(ignore="network")
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        images, labels, weights = batch
        loss = weighted_cross_entropy(self(images), labels, weights, self.hparams.label_smoothing)
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
        optimizer = make_optimizer(
            self.hparams.optimizer,
            self.parameters(),
            learning_rate=self.hparams.learning_rate,
            betas=self.hparams.betas,
            weight_decay=self.hparams.weight_decay,
        )
        if not self.hparams.cosine:
            return optimizer
        factor = cosine_schedule(int(self.trainer.estimated_stepping_batches), self.hparams.warmup)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": LambdaLR(optimizer, factor), "interval": "step"},
        }
