"""What every embedding owes, checked for each option of conf/embedding."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import resnet18

from winnow.dataset.digits import Digits
from winnow.embedding import _images, patches
from winnow.embedding import identity as identity_module
from winnow.embedding._whiten_normalize import normalized, whitened
from winnow.errors import InvalidValue
from winnow.rows.lazy_rows import LazyRows
from winnow.stages import Embedding
from winnow.store.keys import identity

FOLDER = Path(__file__).parents[2] / "conf" / "embedding"
OPTIONS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
SMALL = "test_resnet.r160_in1k"  # a network that timm has for tests
TINY_CLIP = "tiny_of_the_contract"  # made known to OpenCLIP below
TINY = {
    "embed_dim": 6,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 50, "width": 64, "heads": 1, "layers": 1},
}
QUICK = {
    "pca": {"components": 5},
    "autoencoder": {"epochs": 1, "batch_size": 32, "dimensions": 5},
    "patches": {"centroids": 8, "components": 5},
    "simclr": {"steps": 2, "batch_size": 8, "dimensions": 5},
    "spectral": {"of": "identity", "components": 5},
}


class Asked(LazyRows):
    """Rows of an array, and the most of them that were asked for at once."""

    def __init__(self, x):
        self.x, self.most, self.shape, self.dtype = x, 0, x.shape, x.dtype

    def read(self, rows):
        self.most = max(self.most, len(rows))
        return self.x[rows]


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch):
    """Images of these tests are few: chunks must be smaller to be several."""
    for module in (_images, identity_module, patches):
        for name in {"CHUNK", "_IMAGES_AT_ONCE", "_IMAGES_READ"} & vars(module).keys():
            monkeypatch.setattr(module, name, 32)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return Digits().load().x[:100]


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> str:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "untrained.pt"
    torch.save(resnet18().state_dict(), path)
    return str(path)


@pytest.fixture(scope="module")
def weights_of_timm(tmp_path_factory) -> str:
    timm = pytest.importorskip("timm", reason="needs the extra timm: pip install winnow-subset[timm]")
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "untrained.pt"
    torch.save(timm.create_model(SMALL).state_dict(), path)
    return str(path)


@pytest.fixture(scope="module")
def weights_of_clip(tmp_path_factory) -> str:
    open_clip = pytest.importorskip(
        "open_clip", reason="needs the extra clip: pip install winnow-subset[clip]"
    )
    folder = tmp_path_factory.mktemp("clip")
    (folder / f"{TINY_CLIP}.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(folder)
    torch.manual_seed(0)
    torch.save(open_clip.create_model(TINY_CLIP).state_dict(), folder / "untrained.pt")
    return str(folder / "untrained.pt")


@pytest.fixture
def embedding(request, build_option, weights) -> Embedding:
    settings = QUICK.get(request.param, {})
    if request.param == "pretrained":
        settings = {"side": 32, "weights": weights}
    if request.param == "timm":
        settings = {"network": SMALL, "weights": request.getfixturevalue("weights_of_timm"), "side": 64}
    if request.param == "open_clip":
        settings = {"network": TINY_CLIP, "weights": request.getfixturevalue("weights_of_clip")}
    return build_option("embedding", request.param, **settings)


@pytest.mark.parametrize("embedding", OPTIONS, indirect=True)
class TestEmbedding:
    def test_gives_one_finite_float32_row_per_image(self, embedding, images):
        X = embedding.fit_transform(images)
        assert isinstance(embedding, Embedding)
        assert X.dtype == np.float32
        assert X.ndim == 2
        assert len(X) == 100
        assert np.isfinite(X).all()
        assert X.std() > 0

    def test_says_beforehand_how_many_values_a_row_will_have(self, embedding, images):
        assert embedding.width(images.shape) == embedding.fit_transform(images[:20]).shape[1]

    def test_same_images_give_the_same_bits(self, embedding, images):
        first, second = embedding.fit_transform(images), embedding.fit_transform(images)
        np.testing.assert_array_equal(first.view(np.uint32), second.view(np.uint32))

    @pytest.mark.parametrize("scaling", [{}, {"whiten": True, "normalize": True}])
    def test_chunks_are_the_same_rows_in_order(self, embedding, images, scaling):
        scaled = replace(embedding, **scaling)
        chunks = list(scaled.fit_transform_in_chunks(images))
        assert {chunk.dtype for chunk in chunks} == {np.dtype(np.float32)}
        np.testing.assert_array_equal(np.concatenate(chunks), scaled.fit_transform(images))

    def test_rows_that_are_read_when_asked_for_are_embedded_alike(self, embedding, images):
        images = images.copy()  # for torch, the steps of a view between its values may give other last bits
        asked = Asked(images)
        np.testing.assert_array_equal(embedding.fit_transform(asked), embedding.fit_transform(images))
        assert asked.most < len(images)

    def test_leaves_its_input_and_the_global_random_state_alone(self, embedding, images):
        kept, frozen = images.copy(), images.copy()
        frozen.flags.writeable = False
        numpy_state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()
        embedding.fit_transform(frozen)
        np.testing.assert_array_equal(frozen, kept)
        np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
        assert torch.equal(torch.get_rng_state(), torch_state)

    def test_takes_colour_images_that_are_not_square(self, embedding):
        photographs = np.random.default_rng(0).integers(256, size=(20, 3, 18, 15), dtype=np.uint8)
        assert np.isfinite(embedding.fit_transform(photographs)).all()

    def test_is_known_by_its_hyper_parameters(self, embedding):
        assert embedding == type(embedding)(**vars(embedding))
        assert repr(embedding).startswith(type(embedding).__name__ + "(")

    def test_is_whitened_and_normalized_on_demand(self, embedding, images):
        assert not embedding.whiten
        assert not embedding.normalize
        X = embedding.fit_transform(images)
        scaled = replace(embedding, whiten=True, normalize=True)
        np.testing.assert_array_equal(scaled.fit_transform(images), normalized(whitened(X)))

    def test_every_way_of_scaling_is_another_embedding(self, embedding):
        ways = [(False, False), (False, True), (True, False), (True, True)]
        scaled = [replace(embedding, whiten=whiten, normalize=normalize) for whiten, normalize in ways]
        assert len({identity(each) for each in scaled}) == 4


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_can_be_scaled_by_its_settings(option, build_option):
    scaled = build_option("embedding", option, whiten=True, normalize=True)
    assert (scaled.whiten, scaled.normalize) == (True, True)


@pytest.mark.parametrize("option", ["identity", "pca", "spectral"])
def test_features_are_embedded_and_scaled_too(option, build_option):
    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32) * np.float32([1, 10, 100, 1000])
    settings = {"pca": {"components": 3}, "spectral": {"of": "identity", "components": 3}}.get(option, {})
    X = build_option("embedding", option, whiten=True, **settings).fit_transform(x)
    covariance = np.cov(X, rowvar=False, bias=True)
    np.testing.assert_allclose(covariance, np.eye(X.shape[1]), atol=1e-3)

    def test_a_training_row_among_the_test_rows_gets_its_own_vector(self, embedding, images):
        if not embedding.embeds_test_rows:
            with pytest.raises(
                InvalidValue, match=r"embedding must be able to embed test rows.*use embedding"
            ):
                embedding.embed_test(images, images[:3])
            return
        X = embedding.fit_transform(images)
        X_test = embedding.embed_test(images, images[[7, 3]])
        assert X_test.dtype == np.float32
        np.testing.assert_allclose(X_test, X[[7, 3]], rtol=1e-3, atol=1e-4 * X.std())

    def test_a_whitened_embedding_refuses_test_rows(self, embedding, images):
        whitened_embedding = replace(embedding, whiten=True)
        assert not whitened_embedding.embeds_test_rows
        with pytest.raises(InvalidValue, match=r"without embedding\.whiten"):
            whitened_embedding.embed_test(images, images[:3])
