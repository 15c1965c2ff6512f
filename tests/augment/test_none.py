import torch

from winnow.augment.none import Unchanged


def test_changes_nothing_and_draws_nothing():
    images, generator = torch.randn(2, 1, 3, 3), torch.Generator()
    before = generator.get_state()
    assert torch.equal(Unchanged()(images, generator), images)
    assert torch.equal(generator.get_state(), before)
