import numpy as np
import pytest
import torch

from winnow.model.mlp import MLP
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


class Experienced(MLP):
    """A network that learnt images of mean 100 and deviation 2."""

    def input_moments(self, channels):
        return [100.0] * channels, [2.0] * channels


def test_what_a_network_learnt_before_counts_for_images_alone():
    images = np.full((2, 3, 1, 1), 104, np.uint8)
    shown = Normalisation.of(features(images), torch.device("cpu"), Experienced())(images)
    assert shown.unique().tolist() == [2]
    rows = np.float32([[1, 3], [2, 3]])
    assert Normalisation.of(features(rows), torch.device("cpu"), Experienced())(rows).abs().max() == 1


def test_batches_are_all_rows_in_order_and_read_only_rows_are_copied():
    x = np.arange(2 * (EVALUATION_BATCH + 1), dtype=np.float32).reshape(-1, 2)
    x.flags.writeable = False
    normalised = Normalisation.of(features(x), torch.device("cpu"))
    batches = list(normalised.batches(x))
    assert [len(batch) for batch in batches] == [EVALUATION_BATCH, 1]
    assert torch.equal(torch.cat(batches), normalised(x))
