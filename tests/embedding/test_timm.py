"""The features of a network of timm. Skipped where the extra `timm` is not installed."""

import shutil
import sys
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch

from winnow.embedding.timm import Timm
from winnow.errors import InvalidValue, WeightsUnavailable
from winnow.network.timm_network import PACKAGE, PACKAGED

SMALL = "test_resnet.r160_in1k"


@pytest.fixture(scope="module")
def timm():
    return pytest.importorskip("timm", reason="needs the extra timm: pip install winnow-subset[timm]")


@pytest.fixture(scope="module")
def network(timm):
    torch.manual_seed(0)
    return timm.create_model(SMALL).eval()


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.pt"
    torch.save(network.state_dict(), path)
    return str(path)


@pytest.fixture(scope="module")
def packaged(timm):
    pytest.importorskip(PACKAGE, reason=f"needs the weights in the package {PACKAGE}")
    return Timm(weights=PACKAGED)


@pytest.fixture
def photographs():
    return np.random.default_rng(0).integers(256, size=(5, 3, 180, 200), dtype=np.uint8)


def prepared_by_timm(network, photographs):
    """Return what timm's own preparation makes of photographs as PIL reads them."""
    from PIL import Image
    from timm.data import create_transform, resolve_model_data_config

    transform = create_transform(**resolve_model_data_config(network), is_training=False)
    return torch.stack([transform(Image.fromarray(photo.transpose(1, 2, 0))) for photo in photographs])


@pytest.mark.parametrize(
    ("name", "width"),
    [("tf_efficientnet_lite0", 1280), ("vgg11", 4096), ("hf-hub:x/y", 2048), ("x", 2048)],
)
def test_how_many_features_there_are_is_known_without_weights(timm, name, width):
    before = torch.get_rng_state()
    assert Timm(name).width((9, 3, 32, 32)) == width
    assert torch.equal(torch.get_rng_state(), before)


def test_it_gives_what_enters_the_last_layer(network, weights, photographs):
    X = Timm(SMALL, weights, batch_size=2).fit_transform(photographs)
    with torch.inference_mode():
        scores = network(prepared_by_timm(network, photographs))
        mine = network.get_classifier()(torch.from_numpy(X))
    # PIL and torch round the pixels of a resized image differently, by 2 of 255 at most.
    torch.testing.assert_close(mine, scores, rtol=0, atol=0.02 * scores.std().item())


def test_the_size_of_a_batch_matters_to_the_rounding_only(weights, photographs):
    one, all_of_them = (Timm(SMALL, weights, batch_size=size) for size in (1, 8))
    np.testing.assert_allclose(
        one.fit_transform(photographs), all_of_them.fit_transform(photographs), rtol=1e-3, atol=1e-5
    )


def test_a_network_with_other_classes_has_features_too(timm, tmp_path, photographs):
    path = tmp_path / "three_classes.pt"
    fine_tuned = timm.create_model(SMALL, num_classes=3)
    torch.save(fine_tuned.state_dict(), path)
    assert len(Timm(SMALL, str(path)).fit_transform(photographs)) == 5


def test_safetensors_give_the_same_bits(weights, tmp_path, photographs):
    safetensors = pytest.importorskip("safetensors.torch")
    path = tmp_path / "small.safetensors"
    safetensors.save_file(torch.load(weights, weights_only=True), path)
    by_torch, by_safetensors = Timm(SMALL, weights), Timm(SMALL, str(path))
    np.testing.assert_array_equal(
        by_torch.fit_transform(photographs), by_safetensors.fit_transform(photographs)
    )


def test_its_identity_is_the_content_of_the_file_not_its_place(weights, tmp_path):
    copy = tmp_path / "copy.pt"
    shutil.copyfile(weights, copy)
    assert repr(Timm(weights=str(copy))) == repr(Timm(weights=weights))
    copy.write_bytes(b"other weights")
    assert repr(Timm(weights=str(copy))) != repr(Timm(weights=weights))


def test_a_smaller_side_is_what_the_network_is_given(network, weights, photographs):
    from timm.data import resolve_model_data_config
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2.functional import center_crop, resize

    X = Timm(SMALL, weights, side=64).fit_transform(photographs)
    # This network was trained on 95 % of the shorter side; which interpolation depends on timm's version.
    way = InterpolationMode(resolve_model_data_config(network)["interpolation"])
    pixels = torch.from_numpy(photographs)
    pixels = center_crop(resize(pixels, 67, interpolation=way, antialias=True), 64) / 255
    config = network.pretrained_cfg
    mean, deviation = (torch.tensor(config[name])[:, None, None] for name in ("mean", "std"))
    with torch.inference_mode():
        scores = network((pixels - mean) / deviation)
        mine = network.get_classifier()(torch.from_numpy(X))
    torch.testing.assert_close(mine, scores, rtol=0, atol=0.02 * scores.std().item())


def test_a_transformer_takes_another_side_too(timm, tmp_path, photographs):
    torch.save(timm.create_model("test_vit").state_dict(), tmp_path / "vit.pt")
    vit = Timm("test_vit", str(tmp_path / "vit.pt"), side=64)
    assert np.isfinite(vit.fit_transform(photographs)).all()
    with pytest.raises(
        InvalidValue, match=r"side must be one that test_vit takes, got 65.*set embedding\.side"
    ):
        replace(vit, side=65).fit_transform(photographs)


def test_a_damaged_file_is_named(timm, tmp_path, photographs):
    path = tmp_path / "damaged.pt"
    path.write_bytes(b"not weights at all")
    with pytest.raises(WeightsUnavailable, match=r"readable file of weights, got .*damaged\.pt"):
        Timm(SMALL, str(path)).fit_transform(photographs)


def test_weights_of_another_network_are_refused(timm, weights, photographs):
    with pytest.raises(WeightsUnavailable, match="weights must fit resnet18, got"):
        Timm("resnet18", weights).fit_transform(photographs)


def test_an_unknown_network_is_refused(timm, photographs):
    with pytest.raises(InvalidValue, match="network must be one of timm's, got 'resnet19'"):
        Timm("resnet19").fit_transform(photographs)


def test_features_are_refused():
    with pytest.raises(InvalidValue, match="must be given images of 1 or 3 channels"):
        Timm().fit_transform(np.zeros((4, 3), np.float32))


def test_without_timm_the_error_says_how_to_install_it(monkeypatch, photographs):
    for module in ("embedding.timm", "network.timm_network"):
        monkeypatch.setattr(f"winnow.{module}.find_spec", lambda name: None)
    with pytest.raises(InvalidValue, match=r"must find the library timm.*pip install winnow-subset\[timm\]"):
        Timm().fit_transform(photographs)
    assert "those of timm" in repr(Timm())


def test_without_the_package_of_weights_the_error_names_it(timm, monkeypatch, photographs):
    known = sys.modules["importlib.util"].find_spec
    monkeypatch.setattr(
        "winnow.network.timm_network.find_spec", lambda name: None if name == PACKAGE else known(name)
    )
    with pytest.raises(WeightsUnavailable, match=f"come from the package {PACKAGE}, which is not installed"):
        Timm(weights=PACKAGED).fit_transform(photographs)


def test_the_weights_of_the_package_are_known_by_their_content(packaged):
    same = Timm(weights=str(packaged.weights_file()))
    assert repr(same) == repr(packaged)


def test_the_weights_of_the_package_give_the_scores_of_its_own_network(packaged):
    pytest.importorskip("efficientnet_lite_pytorch", reason="needs the package efficientnet_lite_pytorch")
    theirs = import_module("efficientnet_lite_pytorch").EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=str(packaged.weights_file())
    )
    images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    network, _ = packaged.load()
    with torch.inference_mode():
        scores = theirs.eval()(images)
        last = torch.nn.Linear(1280, 1000)
        state = torch.load(packaged.weights_file(), weights_only=True)
        last.load_state_dict({"weight": state["_fc.weight"], "bias": state["_fc.bias"]})
        torch.testing.assert_close(last(network.eval()(images)), scores, rtol=1e-4, atol=1e-4)


def test_the_weights_of_the_package_tell_cats_from_dogs(packaged, data_dir):
    # Ten photographs of each; with the mean of each animal's other nine, the nearer mean is the right one.
    from PIL import Image

    folder = data_dir / "photos_200" / "test"
    if not folder.is_dir():
        pytest.skip(f"needs the photographs in {folder}")
    files = [path for animal in ("cat", "dog") for path in sorted((folder / animal).iterdir())[:10]]
    photographs = np.stack([np.asarray(Image.open(path)).transpose(2, 0, 1) for path in files])
    X, y = packaged.fit_transform(photographs), np.repeat([0, 1], 10)
    right = 0
    for row in range(20):
        others = np.arange(20) != row
        means = [X[others & (y == animal)].mean(axis=0) for animal in (0, 1)]
        distances = [float(np.linalg.norm(X[row] - mean)) for mean in means]
        right += int(np.argmin(distances)) == y[row]
    assert right >= 18
