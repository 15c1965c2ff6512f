"""Save a long training now and then, so that it goes on after a kill or a preemption as if undisturbed.

Lightning's ModelCheckpoint decides when, and keeps the two latest. A file is written beside its place and
renamed, so that a kill leaves none that is half written; one that is damaged all the same is passed over.
"""

import warnings
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO

from winnow.errors import WinnowWarning
from winnow.store.regular_file import reason
from winnow.store.whole_file import written_whole
from winnow.streams import Streams
from winnow.trainer._data import seed_of_rank

KEPT = 2  # if the latest is damaged, there is one before it


class Checkpoints(ModelCheckpoint):
    """Saves the whole training into `folder` every so many minutes, always between two steps."""

    def __init__(self, folder: Path, minutes: float) -> None:
        super().__init__(
            folder,
            filename="{step}",
            monitor="step",
            mode="max",
            save_top_k=KEPT,
            train_time_interval=timedelta(minutes=minutes),
            enable_version_counter=False,
        )

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # Gradients that wait for others are part of no checkpoint; and a training that goes on from the last
        # batch of a pass would leave out the validation after it.
        stepped = (batch_idx + 1) % trainer.accumulate_grad_batches == 0
        if stepped and batch_idx + 1 < trainer.num_training_batches:
            super().on_train_batch_end(trainer, module, outputs, batch, batch_idx)

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        # What was decided at the end of a training is part of no checkpoint either.
        if not trainer.should_stop and trainer.global_step < trainer.max_steps:
            super().on_train_batch_end(trainer, module, None, None, 0)


class WholeFiles(TorchCheckpointIO):
    """Writes checkpoints that are complete or not there; where none can be written, says so and goes on."""

    def __init__(self) -> None:
        self._warned = False

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        path = Path(path)
        try:
            with written_whole(path) as temporary:
                torch.save(checkpoint, temporary)
        except (OSError, RuntimeError) as fault:  # torch raises either, if the disk is full
            self._warn(path, fault)

    def remove_checkpoint(self, path: Any) -> None:
        with suppress(OSError):
            Path(path).unlink(missing_ok=True)

    def _warn(self, path: Path, fault: Exception) -> None:
        if not self._warned:
            self._warned = True
            what = "a checkpoint could not be written; a killed training would begin again"
            remedy = "make the folder writable or make room, or choose another folder with state_dir=..."
            warnings.warn(f"{what} | {path} | {reason(fault)} | {remedy}", WinnowWarning, stacklevel=2)


class RandomState(Callback):
    """Makes the stream that dropout draws from a part of checkpoints; every further device has its own."""

    def __init__(self, streams: Streams) -> None:
        self._streams, self._loaded = streams, {}

    def state_dict(self) -> dict[str, Any]:
        on_gpu = torch.cuda.is_available() and torch.cuda.is_initialized()
        return {"cpu": torch.get_rng_state()} | ({"gpu": torch.cuda.get_rng_state()} if on_gpu else {})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._loaded = state_dict

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        if trainer.global_rank:
            seed = seed_of_rank(self._streams, "init", trainer.global_rank)
            torch.manual_seed(seed + trainer.global_step)
        elif self._loaded:
            torch.set_rng_state(self._loaded["cpu"])
            if "gpu" in self._loaded:
                torch.cuda.set_rng_state(self._loaded["gpu"])


def latest(folder: Path) -> Path | None:
    """Return the latest checkpoint that can be read, or None; those that cannot be are removed."""
    for path in sorted(folder.glob("step=*.ckpt"), key=_step, reverse=True):
        if (fault := _fault(path)) is None:
            return path
        what = "a checkpoint is damaged, and the training goes on from an earlier one or begins again"
        warnings.warn(f"{what} | {path} | {fault}", WinnowWarning, stacklevel=2)
        with suppress(OSError):
            path.unlink()
    return None


def _step(path: Path) -> int:
    digits = path.stem.removeprefix("step=")
    return int(digits) if digits.isdecimal() else -1


def _fault(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            if (name := archive.testzip()) is not None:  # torch does not compare checksums
                return f"{name} does not match its checksum"
        held = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damage shows as errors of many types
        return reason(error)[:200]
    return None if isinstance(held, Mapping) and "loops" in held else "it holds no training"
