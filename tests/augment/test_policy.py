import pytest
import torch
from torchvision.transforms import v2

from winnow.augment._policy import apply_to_each
from winnow.augment.rand_augment import RandAugment
from winnow.augment.trivial_augment import TrivialAugment
from winnow.errors import InvalidValue


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def every_level(batch):
    """Return images whose values are the 256 levels of a byte, normalised in some way."""
    return (torch.arange(256.0).reshape(1, 1, 16, 16).expand(batch, 3, 16, 16) - 100) / 60


def test_a_policy_that_does_nothing_gives_the_images_back():
    images = every_level(2)
    torch.testing.assert_close(apply_to_each(lambda image: image, images, generator(), option="x"), images)


def test_a_policy_sees_the_bytes_that_the_images_were():
    seen = []
    apply_to_each(lambda image: seen.append(image) or image, every_level(1), generator(), option="x")
    assert seen[0].dtype == torch.uint8
    assert seen[0][0].flatten().tolist() == list(range(256))


def test_to_invert_swaps_black_and_white():
    images = torch.tensor([-2.0, 3.0]).reshape(1, 1, 1, 2)
    inverted = apply_to_each(v2.functional.invert, images, generator(), option="x")
    assert inverted.flatten().tolist() == [3.0, -2.0]


@pytest.mark.parametrize(
    ("augment", "policy"),
    [
        (TrivialAugment(), v2.TrivialAugmentWide()),
        (RandAugment(), v2.RandAugment()),
        (RandAugment(3, 20), v2.RandAugment(num_ops=3, magnitude=20)),
    ],
)
def test_each_image_is_changed_as_torchvision_changes_it(augment, policy):
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16).expand(8, 3, 16, 16)
    changed = augment(every_level(8), generator(3))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator(3))))
        expected = torch.stack([policy(image) for image in pixels])
    torch.testing.assert_close((changed * 60 + 100).round().to(torch.uint8), expected)


@pytest.mark.parametrize("augment", [TrivialAugment(), RandAugment()])
def test_images_and_batches_are_changed_each_in_their_own_way(augment):
    stream = generator()
    first, second = augment(every_level(20), stream), augment(every_level(20), stream)
    assert not torch.equal(first, second)
    assert len({tuple(each.flatten().tolist()) for each in first}) > 5


def test_images_of_two_channels_are_refused():
    with pytest.raises(InvalidValue, match=r"must have 1 or 3 channels, got 2.*augment=crop_flip"):
        TrivialAugment()(torch.zeros(1, 2, 8, 8), generator())
