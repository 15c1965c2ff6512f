import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from winnow.augment.affine_elastic import AffineElastic

NOTHING = {"degrees": 0.0, "log_scale": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0}


def dot(size: int = 21) -> torch.Tensor:
    image = torch.zeros(1, 1, size, size)
    image[..., size // 2, size // 2] = 1
    return image


def spread(**strength: float) -> torch.Tensor:
    """Return 2,000 distorted images of one dot, which sits in the centre."""
    augment = AffineElastic(**(NOTHING | strength))
    return augment(dot().expand(2000, 1, 21, 21), torch.Generator().manual_seed(0))[:, 0]


def centres(images: torch.Tensor) -> torch.Tensor:
    place = torch.arange(21) - 10.0
    mass = images.sum(dim=(1, 2))
    return torch.stack([(images.sum(dim=axis) * place).sum(dim=1) / mass for axis in (1, 2)], dim=1)


def test_zero_strength_is_the_identity():
    images = torch.randn(3, 2, 9, 14)
    distorted = AffineElastic(**NOTHING)(images, torch.Generator())
    torch.testing.assert_close(distorted, images, atol=1e-5, rtol=1e-5)


def test_shifts_fill_the_square_they_are_allowed():
    moved = centres(spread(shift=2.0))
    assert moved.abs().max() <= 2 + 1e-4
    torch.testing.assert_close(moved.mean(dim=0), torch.zeros(2), atol=0.1, rtol=0)
    torch.testing.assert_close(moved.std(dim=0), torch.full((2,), 4 / 12**0.5), atol=0.1, rtol=0)


def test_rotation_shear_and_scale_leave_the_centre_in_its_place():
    images = spread(degrees=20.0, shear=0.3, log_scale=0.25)
    torch.testing.assert_close(images[:, 10, 10], torch.ones(2000), atol=1e-4, rtol=0)


def test_the_elastic_part_moves_control_points_by_its_standard_deviation():
    moved = centres(spread(elastic=1.0))  # the centre of 21 pixels is one of the 5x5 control points
    torch.testing.assert_close(moved.std(dim=0), torch.ones(2), atol=0.25, rtol=0)


def test_the_strength_multiplies_all_five():
    images = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    by_strength = AffineElastic(strength=0.5)(images, torch.Generator().manual_seed(0))
    halves = AffineElastic(degrees=10.0, log_scale=0.125, shear=0.15, shift=1.0, elastic=0.75)
    torch.testing.assert_close(by_strength, halves(images, torch.Generator().manual_seed(0)))
    assert not torch.allclose(by_strength, AffineElastic()(images, torch.Generator().manual_seed(0)))


def test_every_image_is_distorted_in_its_own_way():
    one, other = AffineElastic()(dot().repeat(2, 1, 1, 1), torch.Generator().manual_seed(0))
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("wrong", [{"degrees": -1}, {"shift": float("inf")}])
def test_illegal_strengths_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(AffineElastic).validate_python(wrong)
