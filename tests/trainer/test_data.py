"""The kept rows as batches: every row once a pass, no leftovers, and only training batches are augmented."""

import multiprocessing
import pickle
from itertools import chain

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from winnow.augment.none import Unchanged
from winnow.stages import Augment
from winnow.streams import Streams
from winnow.trainer._data import EvenBatches, KeptRows, RowsOnDisk
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


@given(st.integers(1, 200), st.integers(1, 40), st.integers(1, 5))
def test_devices_share_every_batch_and_none_gets_nothing(n, size, parts):
    n = max(n, parts)
    of_each = [
        [rows.tolist() for rows in EvenBatches(n, size, np.random.default_rng(0), parts=parts, part=part)]
        for part in range(parts)
    ]
    assert sorted(row for batches in of_each for batch in batches for row in batch) == list(range(n))
    for shared in zip(*of_each, strict=True):
        lengths = [len(rows) for rows in shared]
        assert min(lengths) >= 1
        assert max(lengths) - min(lengths) <= 1
        assert max(lengths) <= max(size, 2 if size == 1 else 0)


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 30))
def test_to_go_on_after_some_batches_is_to_have_passed_over_them(n, size, seen):
    begun, resumed = (EvenBatches(n, size, np.random.default_rng(0)) for _ in range(2))
    passes = [[rows.tolist() for rows in begun] for _ in range(seen // len(begun) + 2)]
    resumed.skip(seen)
    expected = list(chain.from_iterable(passes))[seen:]
    after = [rows.tolist() for _ in range(2) for rows in resumed]
    assert after[: len(expected)] == expected[: len(after)]


class Device:
    """A Lightning Trainer as far as a LightningDataModule looks at it."""

    world_size, global_rank = 1, 0

    def __init__(self, training):
        self.training, self.strategy = training, self
        self.root_device = torch.device("cpu")


class PlusNoise(Augment):
    def __call__(self, images, generator):
        return images + torch.rand(images.shape, generator=generator)


def kept(training=True, augment=None, **settings):
    x = np.arange(24, dtype=np.float32).reshape(12, 2)
    y = np.arange(12) % 2
    subset = Subset(np.arange(0, 12, 2), np.linspace(1, 2, 6, dtype=np.float32))
    rows = KeptRows(
        Dataset("rows", x, y, x, y, ("a", "b")),
        subset,
        augment or Unchanged(),
        Streams(0, 0),
        batch_size=4,
        **settings,
    )
    rows.trainer = Device(training)
    rows.setup("fit")
    return rows


def test_a_batch_is_images_labels_and_weights_of_the_same_kept_rows():
    rows = kept()
    batches = [rows.on_after_batch_transfer(batch, 0) for batch in rows.train_dataloader()]
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
    # The mean of 0, 2, ... 22 is 11, that of 1, 3, ... 23 is 12.
    batch = [torch.tensor([[11.0, 12.0]] * 2), torch.zeros(2), torch.ones(2)]
    one, again, validating = (kept(training, PlusNoise()) for training in (True, True, False))
    images = [rows.on_after_batch_transfer(batch, 0)[0] for rows in (one, again, validating)]
    assert torch.equal(images[0], images[1])
    assert images[0].min() > 0
    assert torch.equal(images[2], torch.zeros(2, 2))


def test_passing_over_rows_draws_nothing_from_the_global_stream():
    rows = kept(validation_fraction=0.34)
    before = torch.get_rng_state()
    assert len(list(rows.train_dataloader())) + len(list(rows.val_dataloader())) == 2
    assert torch.equal(torch.get_rng_state(), before)


def test_rows_are_read_from_the_disk_where_they_do_not_fit():
    in_memory, on_disk = kept(), kept(rows_in_memory=0.0)
    assert (in_memory.fits, on_disk.fits) == (True, False)
    for one, other in zip(in_memory.train_dataloader(), on_disk.train_dataloader(), strict=True):
        assert all(torch.equal(*parts) for parts in zip(one, other, strict=True))


def test_rows_stay_as_they_are_kept_until_they_are_needed():
    x = np.arange(8, dtype=np.uint8).reshape(2, 1, 2, 2)
    y, subset = np.array([0, 1]), Subset.of(np.arange(2))
    rows = KeptRows(
        Dataset("bytes", x, y, x, y, ("a", "b")), subset, Unchanged(), Streams(0, 0), batch_size=2
    )
    rows.trainer = Device(training=True)
    rows.setup("fit")
    (batch,) = rows.train_dataloader()
    assert batch[0].dtype == torch.uint8
    assert rows.on_after_batch_transfer(batch, 0)[0].dtype == torch.float32


def test_rows_in_a_file_travel_to_another_process_as_its_name(tmp_path):
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (2000, 2))
    x[:] = np.arange(4000).reshape(2000, 2)
    x.flush()
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "r")
    y = np.arange(2000) % 2
    rows = RowsOnDisk(
        Dataset("file", mapped, y, mapped, y, ("a", "b")), Subset.of(np.array([3, 1999])), np.arange(2)
    )
    sent = pickle.dumps(rows)
    assert len(sent) < 2000
    values, labels, weights = pickle.loads(sent)[torch.tensor([1, 0])]
    assert values.tolist() == [[3998, 3999], [6, 7]]
    assert (labels.tolist(), weights.tolist()) == ([1, 1], [1, 1])


def test_a_process_that_reads_ahead_gives_the_same_batches():
    one, other = kept(), kept(rows_in_memory=0.0, num_workers=1)
    for here, there in zip(one.train_dataloader(), other.train_dataloader(), strict=True):
        assert all(torch.equal(*parts) for parts in zip(here, there, strict=True))
    assert multiprocessing.active_children() == []
