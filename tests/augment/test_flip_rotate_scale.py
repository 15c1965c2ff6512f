import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from winnow.augment.flip_rotate_scale import FlipRotateScale


def test_a_pure_flip_reverses_the_columns():
    images = torch.arange(12.0).reshape(1, 1, 3, 4)
    flipped = FlipRotateScale(flip=1.0, degrees=0.0, scale=0.0)(images, torch.Generator())
    torch.testing.assert_close(flipped, images.flip(-1), atol=1e-5, rtol=0)


def test_zero_strength_is_the_identity():
    images = torch.randn(3, 2, 9, 14)
    same = FlipRotateScale(flip=0.0, degrees=0.0, scale=0.0)(images, torch.Generator())
    torch.testing.assert_close(same, images, atol=1e-5, rtol=1e-5)


def test_flips_as_often_as_it_says():
    images = torch.arange(4.0).reshape(1, 1, 1, 4).expand(4000, 1, 1, 4)
    augment = FlipRotateScale(flip=0.25, degrees=0.0, scale=0.0)
    flipped = augment(images, torch.Generator().manual_seed(0))[:, 0, 0, 0] > 1.5
    assert flipped.float().mean() == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("wrong", [{"flip": 1.1}, {"scale": 1.0}, {"degrees": float("nan")}])
def test_illegal_strengths_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(FlipRotateScale).validate_python(wrong)
