from itertools import chain

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from winnow.dataset.digits import Digits
from winnow.embedding import _images
from winnow.embedding.autoencoder import Autoencoder, _Batches, _network
from winnow.errors import InvalidValue


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64), (2, 4, 5), (1, 31, 46)])
def test_draws_images_of_the_size_it_was_given(shape):
    network = _network(shape, 7)
    images = torch.rand(2, *shape)
    assert network[0](images).shape == (2, 7)
    drawn = network(images)
    assert drawn.shape == images.shape
    assert 0 < drawn.min() < drawn.max() < 1


def test_the_encoder_has_the_published_layers():
    encoder = _network((1, 28, 28), 64)[0]
    shapes = [tuple(weights.shape) for weights in encoder.parameters() if weights.ndim > 1]
    assert shapes == [(16, 1, 4, 4), (32, 16, 4, 4), (64, 32, 3, 3), (64, 1024)]


def test_learning_brings_images_of_one_kind_together():
    dataset = Digits().load()
    x, y = dataset.x[:400], dataset.y[:400]

    def same_kind_next(dimensions: int) -> float:
        X = Autoencoder(dimensions=dimensions, epochs=3, batch_size=16).fit_transform(x)
        distances = ((X[:, None] - X[None]) ** 2).sum(axis=2)
        np.fill_diagonal(distances, np.inf)
        return float((y[distances.argmin(axis=1)] == y).mean())

    assert same_kind_next(16) > 0.8


def test_every_pass_shows_every_image_once_in_a_new_order():
    x = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    batches = _Batches(x, 4, seed=0)
    first, second = ([(batch * 255).round().int().flatten().tolist() for batch in batches] for _ in range(2))
    assert [len(batch) for batch in first] == [4, 4, 2]
    assert len(batches) == 3
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(10))
    assert first != second


def test_the_seed_moves_the_result():
    x = Digits().load().x[:50]
    one, other = (Autoencoder(dimensions=3, epochs=1, seed=seed).fit_transform(x) for seed in (0, 1))
    assert not np.allclose(one, other)


def test_chunks_leave_no_seam(monkeypatch):
    x = Digits().load().x[:50]
    whole = Autoencoder(dimensions=3, epochs=1).fit_transform(x)
    monkeypatch.setattr(_images, "CHUNK", 20)
    np.testing.assert_allclose(Autoencoder(dimensions=3, epochs=1).fit_transform(x), whole, atol=1e-5)


@pytest.mark.parametrize(
    "x", [np.ones((5, 8), np.float32), np.ones((5, 1, 3, 9), np.uint8), np.ones((5, 1, 8, 8), np.float32)]
)
def test_what_is_not_an_image_is_refused(x):
    with pytest.raises(InvalidValue, match="must be given images of 4x4 pixels or more, got"):
        Autoencoder().fit_transform(x)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"learning_rate": "inf"}, {"seed": 2**31}])
def test_illegal_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(Autoencoder).validate_python(wrong)
