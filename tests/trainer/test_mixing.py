"""Two rows mixed, and their labels with them, from a stream of their own."""

import numpy as np
import pytest
import torch

from winnow.augment.none import Unchanged
from winnow.errors import InvalidValue
from winnow.model.mlp import MLP
from winnow.streams import Streams
from winnow.trainer._mixing import Mixing
from winnow.trainer._optimization import weighted_cross_entropy
from winnow.trainer.lightning import Lightning
from winnow.types import Subset

LABELS = torch.tensor([0, 1, 2, 1])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(1, 6, 6), (5,)])
def test_mixed_rows_lie_between_two_rows_in_the_proportion_of_their_labels(shape):
    # Row i is full of i, and row i - 1 is mixed into it.
    rows = torch.arange(4.0).reshape(4, *[1] * len(shape)).expand(4, *shape).clone()
    mixed, shares = Mixing(0.8, 0.0, 4)(rows, torch.arange(4), generator())
    assert mixed.shape == rows.shape
    for row, share in zip(mixed, shares, strict=True):
        assert torch.allclose(row, (share * torch.arange(4.0)).sum())
    assert (shares > 0).sum(dim=1).tolist() == [2] * 4


def test_a_pasted_rectangle_covers_the_share_of_its_label():
    rows = torch.arange(4.0).reshape(4, 1, 1, 1).expand(4, 1, 8, 8).clone()
    mixed, shares = Mixing(0.0, 1.0, 4)(rows, torch.arange(4), generator())
    for row, share in zip(mixed, shares, strict=True):
        counts = torch.bincount(row.flatten().long(), minlength=4) / 64
        assert torch.allclose(counts, share)


def test_both_ways_are_taken():
    mixing, ways = Mixing(1.0, 1.0, 4), set()
    rows, stream = torch.arange(4.0).reshape(4, 1, 1, 1).expand(4, 1, 8, 8), generator()
    for _ in range(20):
        mixed, _ = mixing(rows, torch.arange(4), stream)
        ways.add(bool((mixed == mixed.round()).all()))
    assert ways == {True, False}


def test_only_the_stream_is_drawn_from():
    rows, before = torch.randn(4, 1, 8, 8, generator=generator()), torch.get_rng_state()
    one, same, other = (Mixing(1.0, 1.0, 3)(rows, LABELS, generator(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_rows_that_are_no_images_cannot_be_cut():
    with pytest.raises(InvalidValue, match=r"must be images to be cut, got shape \(5,\)"):
        Mixing(0.0, 1.0, 3)(torch.zeros(4, 5), LABELS, generator())


def test_the_loss_of_shares_is_that_of_labels_where_one_class_has_all():
    scores, weights = torch.randn(4, 3, generator=generator()), torch.tensor([1.0, 2.0, 3.0, 4.0])
    hard, soft = (
        weighted_cross_entropy(scores, labels, weights, 0.1)
        for labels in (LABELS, torch.nn.functional.one_hot(LABELS).float())
    )
    torch.testing.assert_close(hard, soft)


@pytest.mark.parametrize(
    "settings", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}], ids=str
)
def test_a_training_on_mixed_rows_learns(stripes, settings):
    trainer = Lightning(steps=60, batch_size=16, **settings)
    trained = trainer.train(stripes, Subset.of(np.arange(64)), MLP((16,)), Unchanged(), Streams(0, 0))
    assert (trained.predictions == stripes.y_test).mean() > 0.9
