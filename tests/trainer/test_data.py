"""The kept rows as batches: every row once a pass, no leftovers, and only training batches are augmented."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from winnow.augment.none import Unchanged
from winnow.stages import Augment
from winnow.streams import Streams
from winnow.trainer._data import EvenBatches, KeptRows
from winnow.types import Dataset, Subset


@given(st.integers(2, 300), st.integers(3, 64))
def test_a_pass_meets_every_row_once_and_no_batch_is_a_leftover(n, size):
    batches = EvenBatches(n, size, np.random.default_rng(0))
    passed = [rows.tolist() for rows in batches]
    assert sorted(row for batch in passed for row in batch) == list(range(n))
    lengths = [len(batch) for batch in passed]
    assert len(lengths) == len(batches) == -(-n // size)
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) > 1


def test_every_pass_has_another_order():
    batches = EvenBatches(50, 50, np.random.default_rng(0))
    assert next(iter(batches)).tolist() != next(iter(batches)).tolist()


class Device:
    """A Lightning Trainer as far as a LightningDataModule looks at it."""

    def __init__(self, training):
        self.training, self.strategy = training, self
        self.root_device = torch.device("cpu")


class PlusNoise(Augment):
    def __call__(self, images, generator):
        return images + torch.rand(images.shape, generator=generator)


def kept(training=True, augment=None, validation_fraction=0.0):
    x = np.arange(24, dtype=np.float32).reshape(12, 2)
    y = np.arange(12) % 2
    subset = Subset(np.arange(0, 12, 2), np.linspace(1, 2, 6, dtype=np.float32))
    rows = KeptRows(
        Dataset("rows", x, y, x, y, ("a", "b")),
        subset,
        augment or Unchanged(),
        Streams(0, 0),
        batch_size=4,
        validation_fraction=validation_fraction,
    )
    rows.trainer = Device(training)
    rows.setup("fit")
    return rows


def test_a_batch_is_images_labels_and_weights_of_the_same_kept_rows():
    batches = list(kept().train_dataloader())
    assert [len(labels) for _, labels, _ in batches] == [3, 3]
    images, labels, weights = (torch.cat(part) for part in zip(*batches, strict=True))
    # The kept rows are 0, 2, ... 10, all of class 0; the weights 1, 1.2, ... 2 tell them apart.
    assert labels.tolist() == [0] * 6
    order = weights.argsort()
    np.testing.assert_allclose(weights[order], np.linspace(1, 2, 6), rtol=1e-6)
    np.testing.assert_allclose(images[order].diff(dim=0), np.full((5, 2), 4 / np.sqrt(143 / 3)), rtol=1e-5)


def test_rows_to_validate_on_are_not_learnt_from():
    rows = kept(validation_fraction=0.34)
    parts = [
        sorted(weight for _, _, weights in loader for weight in weights.tolist())
        for loader in (rows.train_dataloader(), rows.val_dataloader())
    ]
    assert [len(part) for part in parts] == [4, 2]
    np.testing.assert_allclose(sorted(parts[0] + parts[1]), np.linspace(1, 2, 6), rtol=1e-6)


def test_only_training_batches_are_augmented_and_from_their_own_stream():
    batch = [torch.zeros(2, 2), torch.zeros(2), torch.ones(2)]
    one, again, validating = (kept(training, PlusNoise()) for training in (True, True, False))
    images = [rows.on_after_batch_transfer(batch, 0)[0] for rows in (one, again, validating)]
    assert torch.equal(images[0], images[1])
    assert images[0].min() > 0
    assert torch.equal(images[2], batch[0])


def test_passing_over_rows_draws_nothing_from_the_global_stream():
    rows = kept(validation_fraction=0.34)
    before = torch.get_rng_state()
    assert len(list(rows.train_dataloader())) + len(list(rows.val_dataloader())) == 2
    assert torch.equal(torch.get_rng_state(), before)
