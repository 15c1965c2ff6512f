"""A training that was killed goes on from its latest checkpoint, to the same bits as one that was not."""

import os
import zipfile
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from winnow.augment.affine_elastic import AffineElastic
from winnow.augment.none import Unchanged
from winnow.errors import WinnowWarning
from winnow.model.lenet5 import LeNet5
from winnow.model.lenet5_batchnorm import LeNet5BatchNorm
from winnow.model.mlp import MLP
from winnow.stages import Augment
from winnow.streams import Streams
from winnow.trainer.lightning import Lightning
from winnow.types import Subset

ALWAYS = 1e-9  # minutes
ROWS, SIZE = 20, 8  # a pass is three batches


class Killed(BaseException):
    """What nothing in a training expects."""


@dataclass(frozen=True)
class KilledAt(Augment):
    """Distorts as `inner` does, until the batch of this number."""

    batch: int
    inner: Augment
    counts: list

    def __call__(self, images, generator):
        self.counts.append(None)
        if len(self.counts) > self.batch:
            raise Killed
        return self.inner(images, generator)


def train(dataset, augment=Unchanged(), model=None, folder=None, **settings):  # noqa: B008
    trainer = Lightning(**({"steps": 8, "batch_size": SIZE, "checkpoint_minutes": ALWAYS} | settings))
    subset = Subset.of(np.arange(ROWS))
    return trainer.train(
        dataset, subset, model or MLP((8,), dropout=0.3), augment, Streams(0, 3), unfinished=folder
    )


def killed(dataset, batch, folder, augment=Unchanged(), **settings):  # noqa: B008
    """Train until the batch of this number; return how many batches were begun."""
    at = KilledAt(batch, augment, [])
    with pytest.raises(Killed):
        train(dataset, at, folder=folder, **settings)
    return len(at.counts)


def same(one, other):
    return one.losses.tobytes() == other.losses.tobytes() and (one.predictions == other.predictions).all()


CASES = {
    "dropout and distortions": {"augment": AffineElastic(), "model": LeNet5()},
    "batch normalisation": {"model": LeNet5BatchNorm()},
    "accumulated": {"accumulate_grad_batches": 2, "steps": 5},
    "validated": {"validation_fraction": 0.2, "schedule": "constant"},
    "stopped early": {"validation_fraction": 0.2, "learning_rate": 1e-30, "patience": 2, "steps": 30},
    "averaged and mixed": {"ema_decay": 0.9, "mixup": 0.4, "cutmix": 1.0},
    "one batch a pass": {"batch_size": 32},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_wherever_a_training_is_killed_it_ends_as_if_it_had_not_been(stripes, tmp_path, case):
    undisturbed = train(stripes, **case)
    # In the first pass, at its end, at the beginning of the second, and in it.
    for batch in (2, 3, 4, 5):
        folder = tmp_path / str(batch)
        killed(stripes, batch, folder, **case)
        counted = KilledAt(1000, case.get("augment", Unchanged()), [])
        resumed = train(stripes, folder=folder, **(case | {"augment": counted}))
        assert same(resumed, undisturbed), batch
        assert len(counted.counts) < len(undisturbed.losses) * case.get("accumulate_grad_batches", 1)


def test_rows_from_the_disk_go_on_too(stripes, tmp_path):
    killed(stripes, 4, tmp_path, rows_in_memory=0.0)
    assert same(train(stripes, folder=tmp_path, rows_in_memory=0.0), train(stripes))


def test_a_training_that_is_killed_twice_goes_on_twice(stripes, tmp_path):
    assert killed(stripes, 3, tmp_path) == 4
    assert killed(stripes, 2, tmp_path) == 3  # the fourth and fifth batch, and dies at the sixth
    assert same(train(stripes, folder=tmp_path), train(stripes))


def test_a_training_of_seconds_writes_nothing(stripes, tmp_path):
    train(stripes, folder=tmp_path / "none", checkpoint_minutes=10.0)
    assert list(tmp_path.iterdir()) == []


def test_the_two_latest_checkpoints_are_kept_and_no_other_file(stripes, tmp_path):
    killed(stripes, 5, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step=4.ckpt", "step=5.ckpt"]
    saved = torch.load(tmp_path / "step=5.ckpt", weights_only=True)
    assert saved["global_step"] == 5


def truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def foreign(path):
    torch.save({"weights": torch.zeros(1)}, path)


def flipped(path):
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda record: record.file_size)
    content[largest.header_offset + largest.file_size // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [truncated, foreign, flipped])
def test_a_damaged_checkpoint_is_passed_over(stripes, tmp_path, damage):
    killed(stripes, 5, tmp_path)
    damage(tmp_path / "step=5.ckpt")
    counted = KilledAt(1000, Unchanged(), [])
    with pytest.warns(WinnowWarning, match="checkpoint is damaged"):
        resumed = train(stripes, counted, folder=tmp_path)
    assert len(counted.counts) == 4  # from step 4 to step 8
    assert same(resumed, train(stripes))


def test_a_training_without_a_readable_checkpoint_begins_again(stripes, tmp_path):
    killed(stripes, 5, tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    with pytest.warns(WinnowWarning, match="checkpoint is damaged") as warned:
        resumed = train(stripes, folder=tmp_path)
    assert len(warned) == 2
    assert same(resumed, train(stripes))


def test_a_folder_that_cannot_be_written_is_said_once_and_stops_nothing(stripes, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(WinnowWarning, match="checkpoint could not be written") as warned:
        trained = train(stripes, folder=tmp_path / "file" / "folder")
    assert len(warned) == 1
    assert same(trained, train(stripes))


def test_what_is_in_a_checkpoint_is_not_run(stripes, tmp_path):
    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    tmp_path.joinpath("u").mkdir()
    torch.save({"loops": Harmful()}, tmp_path / "u" / "step=5.ckpt")
    with pytest.warns(WinnowWarning, match="checkpoint is damaged"):
        train(stripes, folder=tmp_path / "u")
    assert not (tmp_path / "harm").exists()
