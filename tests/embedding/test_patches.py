import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from winnow.dataset.digits import Digits
from winnow.embedding import patches
from winnow.embedding.patches import Dictionary, Patches, equal_contrast, pooling_matrix, triangle, zca
from winnow.errors import InvalidValue


@pytest.fixture(scope="module")
def digits():
    return Digits().load()


def test_contrast_by_hand():
    # Mean 0.5, variance 0.25, and 0.25 + 0.01 is the square of 0.5099.
    np.testing.assert_allclose(
        equal_contrast(np.float32([[0, 1, 0, 1]])), [[-0.9806, 0.9806, -0.9806, 0.9806]], atol=1e-4
    )


@given(brightness=st.floats(0, 0.5, width=32), seed=st.integers(0, 100))
def test_brightness_does_not_count(brightness, seed):
    patch = np.random.default_rng(seed).random((3, 9), dtype=np.float32) / 2
    np.testing.assert_allclose(
        equal_contrast(patch + np.float32(brightness)), equal_contrast(patch), atol=1e-4
    )


def test_whitening_gives_all_directions_nearly_the_same_variance():
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(5000, 3)) * [1, 10, 100] @ rng.normal(size=(3, 3))).astype(np.float32)
    mean, whitening = zca(X)
    white = (X - mean) @ whitening
    # Of variances much larger than the floor of 0.1, next to nothing is left out.
    np.testing.assert_allclose(np.cov(white, rowvar=False), np.eye(3), atol=0.1)
    np.testing.assert_allclose(whitening, whitening.T, atol=1e-6)


def test_the_triangle_by_hand():
    # The mean distances are 3 and 5.
    near = triangle(np.float32([[1, 2, 6], [5, 5, 5]]))
    np.testing.assert_allclose(near, [[2, 1, 0], [0, 0, 0]], atol=1e-6)


@pytest.mark.parametrize(("height", "width", "grid"), [(23, 23, 4), (23, 40, 4), (3, 5, 4), (1, 1, 2)])
def test_pooling_is_the_adaptive_average_of_torch(height, width, grid):
    activations = np.random.default_rng(0).random((7, height, width), dtype=np.float32)
    expected = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(activations), grid)
    pooled = activations.reshape(7, -1) @ pooling_matrix(height, width, grid)
    np.testing.assert_allclose(pooled, expected.reshape(7, -1), rtol=1e-5)


def test_what_an_image_shows_by_hand():
    # Two patterns, a light right and a light left edge, in the space of equal contrast itself.
    edges = np.float32([[-1, 1], [1, -1]])
    dictionary = Dictionary(1, np.zeros(2, np.float32), np.eye(2, dtype=np.float32), edges)
    # One-pixel patches over two channels; the second place shows nothing, the third is flat.
    image = np.uint8([[[0, 0, 255]], [[255, 12, 255]]])
    found = dictionary.describe(image, pooling_matrix(1, 3, 1))
    # The first: ±0.9806, at 0.0275 from one edge and 2.8010 from the other, 1.3868 nearer than the mean.
    np.testing.assert_allclose(found, [[1.3868 / 3, 0]], atol=1e-4)


def directly(dictionary, image, grid):
    """Describe an image patch by patch, in double precision, as the paper puts it."""
    size, (height, width) = dictionary.patch, image.shape[1:]
    places = np.zeros((len(dictionary.centroids), height - size + 1, width - size + 1))
    for top, left in np.ndindex(*places.shape[1:]):
        patch = image[:, top : top + size, left : left + size].astype(float).ravel() / 255
        if patch.max() < 0.05:
            continue
        patch = (patch - patch.mean()) / np.sqrt(patch.var() + 0.01)
        white = (patch - dictionary.mean) @ dictionary.whitening.astype(float)
        distances = np.linalg.norm(white - dictionary.centroids, axis=1)
        places[:, top, left] = np.maximum(distances.mean() - distances, 0)
    return torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(places), grid).reshape(len(places), -1).T


@pytest.mark.parametrize("at_once", [512, 10])
def test_what_an_image_shows_is_what_the_paper_says(digits, monkeypatch, at_once):
    monkeypatch.setattr(patches, "_PATCHES_AT_ONCE", at_once)
    grey = digits.x[:5]
    colour = np.random.default_rng(0).integers(256, size=(5, 3, 12, 9), dtype=np.uint8)
    for images, size in ((grey, 6), (colour, 3)):
        dictionary = Dictionary.learnt(images, size, 20, np.random.default_rng(0))
        pooling = pooling_matrix(*(side - size + 1 for side in images.shape[2:]), 4)
        found = dictionary.describe(images[0], pooling)
        np.testing.assert_allclose(found, directly(dictionary, images[0], 4), atol=1e-4)


def test_images_of_one_kind_come_together(digits):
    x, y = digits.x[:600], digits.y[:600]
    X = Patches(centroids=40, components=20).fit_transform(x)
    distances = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (y[distances.argmin(axis=1)] == y).mean() > 0.95


def test_copies_are_embedded_alike_whether_the_axes_were_learnt_from_them_or_not(digits, monkeypatch):
    x = np.concatenate([digits.x[:40], digits.x[:40]])
    embedding = Patches(centroids=10, components=3)
    monkeypatch.setattr(patches, "_VALUES_TO_LEARN_AXES", 30 * 160)
    monkeypatch.setattr(patches, "_IMAGES_AT_ONCE", 7)
    X = embedding.fit_transform(x)
    np.testing.assert_allclose(X[:40], X[40:], atol=1e-4)
    assert X.std(axis=0).min() > 0.1


def test_the_seed_moves_the_result(digits):
    one, other = (Patches(centroids=8, components=3, seed=s).fit_transform(digits.x[:50]) for s in (0, 1))
    assert not np.allclose(one, other)


@pytest.mark.parametrize(
    "x", [np.ones((5, 8), np.float32), np.ones((5, 1, 5, 9), np.uint8), np.ones((5, 1, 8, 8), np.float32)]
)
def test_what_is_not_an_image_is_refused(x):
    with pytest.raises(InvalidValue, match="must be given images of 6x6 pixels or more, got"):
        Patches().fit_transform(x)


def test_images_without_contrast_are_refused():
    with pytest.raises(InvalidValue, match=r"at least 160, .* must have contrast, got 0"):
        Patches(components=2).fit_transform(np.full((5, 1, 8, 8), 99, np.uint8))


def test_more_components_than_rows_are_refused(digits):
    with pytest.raises(InvalidValue, match=r"components must be at most 5, .* got 64"):
        Patches().fit_transform(digits.x[:5])


@pytest.mark.parametrize("wrong", [{"patch": 0}, {"centroids": 1}, {"grid": 0}, {"seed": -1}])
def test_illegal_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(Patches).validate_python(wrong)
