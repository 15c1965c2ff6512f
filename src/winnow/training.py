"""Run the training loop; the only file that imports Lightning."""

import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

if TYPE_CHECKING:
    import torch


def fit(
    network: "torch.nn.Module",
    loss: Callable[..., Any],
    batches: Iterable[Any],
    *,
    steps: int,
    optimizer: "torch.optim.Optimizer",
    scheduler: "torch.optim.lr_scheduler.LRScheduler | None",
    description: str,
) -> Float32[ndarray, " steps"]:
    """Take exactly `steps` steps over `batches`, again and again, and return the loss of each."""
    import pytorch_lightning as lightning

    losses: list[float] = []

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def training_step(self, batch: Any, _: int) -> Any:
            value = loss(self.network, batch)
            losses.append(value.item())
            return value

        def configure_optimizers(self) -> Any:
            if scheduler is None:
                return optimizer
            return [optimizer], [{"scheduler": scheduler, "interval": "step"}]

    trainer = lightning.Trainer(
        max_steps=steps,
        max_epochs=-1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        trainer.fit(Module(), batches)
    return np.array(losses, dtype=np.float32)
