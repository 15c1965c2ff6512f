"""What every augmentation owes, checked for each option of conf/augment."""

from pathlib import Path

import numpy as np
import pytest
import torch

from winnow.stages import Augment

OPTIONS = sorted(path.stem for path in Path(__file__).parents[2].glob("conf/augment/*.yaml"))


@pytest.fixture
def augment(request, build_option) -> Augment:
    return build_option("augment", request.param)


@pytest.fixture(params=[(6, 1, 28, 28), (1, 3, 20, 31)], ids=str)
def images(request) -> torch.Tensor:
    return torch.randn(request.param, generator=torch.Generator().manual_seed(5))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("augment", OPTIONS, indirect=True)
class TestAugment:
    def test_keeps_shape_and_dtype(self, augment, images):
        distorted = augment(images, generator())
        assert isinstance(augment, Augment)
        assert distorted.shape == images.shape
        assert distorted.dtype == images.dtype

    def test_invents_no_value_outside_those_of_the_images(self, augment, images):
        distorted = augment(images, generator())
        assert images.min() <= distorted.min()
        assert distorted.max() <= images.max()

    def test_the_same_generator_state_gives_the_same_bits(self, augment, images):
        assert torch.equal(augment(images, generator(3)), augment(images, generator(3)))

    def test_leaves_its_input_and_the_global_random_state_alone(self, augment, images):
        kept = images.clone()
        numpy_state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()
        distorted = augment(images, generator())
        distorted += 1
        assert torch.equal(images, kept)
        assert torch.equal(torch.get_rng_state(), torch_state)
        np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)

    def test_a_plain_background_stays_plain(self, augment):
        plain = torch.full((4, 1, 28, 28), -0.4242)
        torch.testing.assert_close(augment(plain, generator()), plain)

    def test_is_known_by_its_hyper_parameters(self, augment):
        assert augment == type(augment)(**vars(augment))
        assert repr(augment).startswith(type(augment).__name__ + "(")
