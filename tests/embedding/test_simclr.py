import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from winnow.augment.flip_rotate_scale import FlipRotateScale
from winnow.dataset.digits import Digits
from winnow.embedding.simclr import SimCLR, Views, contrast
from winnow.errors import InvalidValue
from winnow.store.keys import identity


def test_two_pairs_by_hand():
    # Row 0 finds its partner at cosine 1, the two others at 0 and -1; so does every row.
    views = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    e = np.exp
    assert contrast(views, 1.0).item() == pytest.approx(-np.log(e(1) / (e(1) + 2 * e(-1))), abs=1e-6)
    # Partners across: cosine -1 for the partner, 1 and -1 for the others.
    crossed = views[[0, 1, 3, 2]]
    assert contrast(crossed, 1.0).item() == pytest.approx(-np.log(e(-1) / (e(1) + 2 * e(-1))), abs=1e-6)


def test_a_low_temperature_sharpens_the_question():
    views = torch.eye(2).repeat(2, 1)
    assert contrast(views, 0.2).item() == pytest.approx(np.log(1 + 2 * np.exp(-5)), abs=1e-6)


def test_only_directions_count():
    views = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(contrast(views * torch.arange(1.0, 7.0)[:, None], 0.5), contrast(views, 0.5))


def test_a_batch_shows_every_image_twice_in_the_same_order():
    # Warping leaves an image of one colour as it is, so that its colour tells which it is.
    x = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1).repeat(4, axis=2).repeat(4, axis=3)
    batches = Views(x, FlipRotateScale(), 3, seed=0)
    first, second = (
        [(batch[:, 0, 0, 0] * 255).round().int().tolist() for batch in batches] for _ in range(2)
    )
    assert [len(batch) for batch in first] == [6, 6, 6]
    assert all(batch[:3] == batch[3:] for batch in first)
    assert len({image for batch in first for image in batch}) == 9
    assert first != second


def test_two_views_of_an_image_differ():
    x = Digits().load().x[:4]
    batch = next(iter(Views(x, FlipRotateScale(), 4, seed=0)))
    assert (batch[:4] - batch[4:]).abs().amax(dim=(1, 2, 3)).min() > 0.1


def test_learning_brings_images_of_one_kind_together():
    dataset = Digits().load()
    x, y = dataset.x[:400], dataset.y[:400]

    def same_kind_next(steps: int) -> float:
        X = SimCLR(steps=steps, batch_size=64).fit_transform(x)
        likeness = X @ X.T
        np.fill_diagonal(likeness, -np.inf)
        return float((y[likeness.argmax(axis=1)] == y).mean())

    assert same_kind_next(40) > 0.9


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 33, 20), (2, 1, 3)])
def test_takes_images_of_any_size_and_number_of_channels(shape):
    x = np.random.default_rng(0).integers(256, size=(9, *shape), dtype=np.uint8)
    X = SimCLR(steps=1, batch_size=4, dimensions=7, views="flip_rotate_scale").fit_transform(x)
    assert X.shape == (9, 7)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-6)


def test_the_seed_moves_the_result():
    x = Digits().load().x[:20]
    one, other = (SimCLR(steps=1, dimensions=3, seed=seed).fit_transform(x) for seed in (0, 1))
    assert not np.allclose(one, other)


def test_the_code_of_the_distortions_is_part_of_the_identity():
    assert identity(FlipRotateScale()) in identity(SimCLR(views="flip_rotate_scale"))


@pytest.mark.parametrize("x", [np.ones((5, 8), np.float32), np.ones((5, 1, 8, 8), np.float32)])
def test_what_is_not_an_image_is_refused(x):
    with pytest.raises(InvalidValue, match="must be given images, got float32 rows"):
        SimCLR().fit_transform(x)


@pytest.mark.parametrize("wrong", [{"views": "none"}, {"temperature": 0}, {"batch_size": 1}, {"steps": 0}])
def test_illegal_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(SimCLR).validate_python(wrong)
