import numpy as np
import pytest
import torch

from winnow.network.normalisation import EVALUATION_BATCH, Normalisation
from winnow.types import Dataset


def features(x):
    y = np.arange(len(x)) % 2
    return Dataset("features", x, y, x, y, ("a", "b"))


def test_the_training_set_has_mean_zero_and_deviation_one_in_every_feature():
    x = np.random.default_rng(0).normal(3, 7, size=(50, 4)).astype(np.float32)
    rows = Normalisation.of(features(x), torch.device("cpu"))(x)
    assert rows.dtype == torch.float32
    assert rows.mean(dim=0).tolist() == pytest.approx([0] * 4, abs=1e-5)
    assert rows.std(dim=0, correction=0).tolist() == pytest.approx([1] * 4, rel=1e-4)


def test_batches_are_all_rows_in_order_and_read_only_rows_are_copied():
    x = np.arange(2 * (EVALUATION_BATCH + 1), dtype=np.float32).reshape(-1, 2)
    x.flags.writeable = False
    normalised = Normalisation.of(features(x), torch.device("cpu"))
    batches = list(normalised.batches(x))
    assert [len(batch) for batch in batches] == [EVALUATION_BATCH, 1]
    assert torch.equal(torch.cat(batches), normalised(x))
