"""The features of a CLIP model. Skipped where the extra `clip` is not installed."""

import json
from dataclasses import replace
from shutil import copyfile

import numpy as np
import pytest
import torch

from winnow.embedding.open_clip import OpenCLIP
from winnow.errors import InvalidValue, WeightsUnavailable

TINY = {
    "embed_dim": 6,
    "vision_cfg": {"image_size": 64, "layers": 1, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 50, "width": 64, "heads": 1, "layers": 1},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Make a model of random weights known to OpenCLIP by the name `tiny`."""
    open_clip = pytest.importorskip(
        "open_clip", reason="needs the extra clip: pip install winnow-subset[clip]"
    )
    folder = tmp_path_factory.mktemp("models")
    (folder / "tiny.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(folder)
    torch.manual_seed(0)
    return open_clip.create_model("tiny").eval()


@pytest.fixture(scope="module")
def weights(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny.pt"
    torch.save(model.state_dict(), path)
    return str(path)


@pytest.fixture
def photographs():
    # Enlarged noise, because PIL and torch round the pixels of a resized image differently.
    noise = np.random.default_rng(0).integers(256, size=(3, 3, 9, 10), dtype=np.uint8)
    return noise.repeat(10, axis=2).repeat(10, axis=3)


@pytest.mark.parametrize(
    ("name", "width"), [("ViT-B-32", 512), ("ViT-L-14", 768), ("hf-hub:x/y", 2048), ("x", 2048)]
)
def test_how_many_features_there_are_is_known_without_weights(model, name, width):
    assert OpenCLIP(name).width((9, 3, 32, 32)) == width


def test_it_gives_what_the_model_compares_with_captions(model, weights, photographs):
    from open_clip import get_model_preprocess_cfg
    from open_clip.transform import PreprocessCfg, image_transform_v2
    from PIL import Image

    X = OpenCLIP("tiny", weights, batch_size=2).fit_transform(photographs)
    prepare = image_transform_v2(PreprocessCfg(**get_model_preprocess_cfg(model)), is_train=False)
    prepared = torch.stack([prepare(Image.fromarray(each.transpose(1, 2, 0))) for each in photographs])
    with torch.inference_mode():
        theirs = model.encode_image(prepared)
    assert X.shape == (3, 6)
    torch.testing.assert_close(torch.from_numpy(X), theirs, rtol=0, atol=0.02 * theirs.std().item())


def test_grey_images_and_test_rows_are_embedded_alike(weights, model, photographs):
    grey = photographs[:, :1]
    tiny = OpenCLIP("tiny", weights)
    np.testing.assert_allclose(
        tiny.fit_transform(grey), tiny.embed_test(photographs, np.repeat(grey, 3, axis=1)), atol=1e-5
    )


def test_safetensors_give_the_same_vectors(weights, model, tmp_path, photographs):
    from safetensors.torch import save_file

    path = tmp_path / "tiny.safetensors"
    save_file(torch.load(weights, weights_only=True), path)
    by_torch, by_safetensors = (OpenCLIP("tiny", str(each)) for each in (weights, path))
    np.testing.assert_array_equal(
        by_torch.fit_transform(photographs), by_safetensors.fit_transform(photographs)
    )


def test_its_identity_is_the_content_of_the_file_or_the_tag(weights, model, tmp_path):
    copy = tmp_path / "copy.pt"
    copyfile(weights, copy)
    assert repr(OpenCLIP("tiny", str(copy))) == repr(OpenCLIP("tiny", weights))
    assert "laion2b_s34b_b79k of open_clip_torch" in repr(OpenCLIP())


def test_another_network_or_other_weights_are_refused(weights, model, tmp_path, photographs):
    with pytest.raises(InvalidValue, match=r"must be one of OpenCLIP's, got 'ViT-B-33'.*list_pretrained"):
        OpenCLIP("ViT-B-33").fit_transform(photographs)
    with pytest.raises(WeightsUnavailable, match=r"known for ViT-B-32 \(openai, .*got laion"):
        OpenCLIP("ViT-B-32", "laion").fit_transform(photographs)
    (tmp_path / "damaged.pt").write_bytes(b"not weights at all")
    with pytest.raises(WeightsUnavailable, match=r"weights must fit tiny, got .*damaged\.pt"):
        OpenCLIP("tiny", str(tmp_path / "damaged.pt")).fit_transform(photographs)


def test_a_side_that_the_weights_do_not_know_is_refused_or_taken(weights, model, photographs):
    larger = replace(OpenCLIP("tiny", weights), side=96)
    assert np.isfinite(larger.fit_transform(photographs)).all()


def test_without_open_clip_the_error_says_how_to_install_it(monkeypatch, photographs):
    monkeypatch.setattr("winnow.embedding.open_clip.find_spec", lambda name: None)
    with pytest.raises(
        InvalidValue, match=r"must find the library open_clip.*pip install winnow-subset\[clip\]"
    ):
        OpenCLIP().fit_transform(photographs)
    assert "laion2b_s34b_b79k of open_clip_torch" in repr(OpenCLIP())
