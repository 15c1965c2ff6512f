import torch

from winnow.augment._geometric_transform import rotation_matrices, transform, uniform_draws


def test_a_quarter_turn_moves_the_rows_of_an_oblong_image_off_its_edges_only():
    square = torch.arange(9.0).reshape(1, 1, 3, 3)
    turned = transform(square, rotation_matrices(torch.tensor([90.0])))
    assert torch.allclose(turned, square.rot90(1, (2, 3)), atol=1e-5)


def test_a_pixel_is_a_pixel_on_oblong_images():
    image = torch.zeros(1, 1, 5, 11)
    image[0, 0, 2, 5 + 2] = 1  # two pixels right of the centre
    turned = transform(image, rotation_matrices(torch.tensor([90.0])))
    row, column = (turned[0, 0] > 0.99).nonzero().squeeze().tolist()
    assert (row, column) == (0, 5)  # two pixels above it


def test_between_pixels_values_are_mixed_linearly():
    row = torch.tensor([[[[0.0, 4.0, 8.0]]]])
    mixed = transform(row, torch.eye(2)[None], torch.tensor([0.25, 0.0]))
    torch.testing.assert_close(mixed, torch.tensor([[[[1.0, 5.0, 8.0]]]]))


def test_uniform_draws_fill_their_interval():
    draws = uniform_draws((10_000,), 3.0, torch.zeros(1), torch.Generator().manual_seed(0))
    assert -3 <= draws.min() < -2.9
    assert 2.9 < draws.max() < 3
