import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from winnow.augment.crop_flip import CropFlip


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_without_padding_and_flip_images_stay_as_they_are():
    images = torch.randn(3, 2, 5, 7)
    assert torch.equal(CropFlip(padding=0, flip=0.0)(images, generator()), images)


def test_a_pure_flip_reverses_the_columns():
    images = torch.randn(3, 2, 5, 7)
    assert torch.equal(CropFlip(padding=0, flip=1.0)(images, generator()), images.flip(-1))


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_every_crop_of_the_padded_image_occurs_and_no_other(flip):
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    padded = torch.nn.functional.pad(image, (1, 1, 1, 1), mode="replicate")
    crops = [padded[..., top : top + 3, left : left + 4] for top in range(3) for left in range(3)]
    expected = {tuple((crop.flip(-1) if flip else crop).flatten().tolist()) for crop in crops}
    seen = CropFlip(padding=1, flip=flip)(image.expand(500, 1, 3, 4), generator())
    assert {tuple(each.flatten().tolist()) for each in seen} == expected


def test_crops_are_equally_likely_and_flips_as_often_as_it_says():
    image = torch.arange(9.0).reshape(1, 1, 1, 9).expand(9000, 1, 1, 9)
    middle = CropFlip(padding=1, flip=0.25)(image, generator())[:, 0, 0, 3:5]
    mirrored = middle[:, 1] < middle[:, 0]
    assert mirrored.float().mean() == pytest.approx(0.25, abs=0.02)
    shifts = middle[~mirrored, 0] - 3
    counts = [(shifts == shift).float().mean().item() for shift in (-1, 0, 1)]
    assert counts == pytest.approx([1 / 3] * 3, abs=0.03)


def test_all_channels_of_an_image_move_together_and_images_each_on_their_own():
    images = torch.randn(1, 1, 8, 8).expand(40, 3, 8, 8)
    moved = CropFlip()(images, generator())
    assert torch.equal(moved[:, 0], moved[:, 2])
    assert len({tuple(each.flatten().tolist()) for each in moved}) > 20


@pytest.mark.parametrize("wrong", [{"padding": -1}, {"flip": 1.1}])
def test_illegal_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(CropFlip).validate_python(wrong)
