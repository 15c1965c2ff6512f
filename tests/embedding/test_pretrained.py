import shutil

import numpy as np
import pytest
import torch
from torchvision import models

from winnow.embedding._network_features import features
from winnow.embedding.pretrained import Pretrained
from winnow.errors import InvalidValue, WeightsUnavailable


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Return the file of a network that somebody else trained; here, one that nobody did."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "squares.pt"
    torch.save(models.resnet18().state_dict(), path)
    return str(path)


@pytest.fixture(scope="module")
def photographs():
    return np.random.default_rng(0).integers(256, size=(70, 3, 24, 20), dtype=np.uint8)


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("name", "width"),
    [("resnet18", 512), ("vit_b_16", 768), ("regnet_y_128gf", 2048), ("squeezenet1_0", 2048), ("x", 2048)],
)
def test_how_many_features_there_are_is_known_without_weights(name, width):
    before = torch.get_rng_state()
    assert Pretrained(name).width((9, 3, 32, 32)) == width
    assert torch.equal(torch.get_rng_state(), before)


def test_it_gives_what_enters_the_last_layer(weights, photographs):
    network = models.resnet18().eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    X = Pretrained(weights=weights, side=32).fit_transform(photographs[:3])
    as_before = torch.tensor(photographs[:3]) / 255
    as_before = torch.nn.functional.interpolate(as_before, (32, 32), mode="bilinear", antialias=True)
    as_before = (as_before - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor(
        [0.229, 0.224, 0.225]
    )[:, None, None]
    with torch.inference_mode():
        torch.testing.assert_close(network.fc(torch.from_numpy(X)), network(as_before))


def test_a_network_is_given_images_of_the_side_it_was_trained_on(tmp_path, photographs):
    path = tmp_path / "weights.pt"
    torch.save(models.efficientnet_b1().state_dict(), path)
    images = torch.from_numpy(photographs[:2])
    for side, given in ((None, 240), (64, 64)):
        _, prepare = Pretrained("efficientnet_b1", str(path), side).load()
        assert prepare(images).shape == (2, 3, given, given)


class Small(torch.nn.Module):
    """Gives the first pixel of each of at most so many images; of more, the memory does not suffice."""

    def __init__(self, most):
        super().__init__()
        self.most, self.given = most, []

    def forward(self, images):
        self.given.append(len(images))
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return images[:, :1, 0, 0].float()


def test_batches_are_halved_until_they_fit_into_memory(photographs):
    network = Small(most=5)
    X = np.concatenate(list(features(network, lambda images: images, photographs[:11], batch_size=None)))
    assert X[:, 0].tolist() == photographs[:11, 0, 0, 0].tolist()
    assert network.given == [11, 8, 4, 4, 3]


def test_a_size_of_batches_that_was_typed_is_never_changed(photographs):
    with pytest.raises(torch.OutOfMemoryError):
        list(features(Small(most=5), lambda images: images, photographs, batch_size=6))
    with pytest.raises(torch.OutOfMemoryError):
        list(features(Small(most=0), lambda images: images, photographs, batch_size=None))


def test_images_keep_their_order_over_several_batches(weights, photographs):
    embedding = Pretrained(weights=weights, side=32)
    X = embedding.fit_transform(photographs)
    np.testing.assert_allclose(X[65:], embedding.fit_transform(photographs[65:]), rtol=1e-4, atol=1e-5)


def test_safetensors_give_the_same_bits(weights, tmp_path, photographs):
    safetensors = pytest.importorskip("safetensors.torch")
    path = tmp_path / "squares.safetensors"
    safetensors.save_file(torch.load(weights, weights_only=True), path)
    by_torch, by_safetensors = (Pretrained(weights=str(each), side=32) for each in (weights, path))
    np.testing.assert_array_equal(
        by_torch.fit_transform(photographs[:3]), by_safetensors.fit_transform(photographs[:3])
    )


def test_a_memory_map_is_read_batch_by_batch_and_gives_the_same(weights, tmp_path, photographs):
    np.save(tmp_path / "photographs.npy", photographs, allow_pickle=False)
    mapped = np.load(tmp_path / "photographs.npy", mmap_mode="r", allow_pickle=False)
    embedding = Pretrained(weights=weights, side=32)
    np.testing.assert_array_equal(embedding.fit_transform(mapped), embedding.fit_transform(photographs))


def test_a_grey_image_is_the_colour_image_without_colour(weights, photographs):
    grey, embedding = photographs[:3, :1], Pretrained(weights=weights, side=32)
    np.testing.assert_array_equal(
        embedding.fit_transform(grey), embedding.fit_transform(np.repeat(grey, 3, axis=1))
    )


def test_its_identity_is_the_content_of_the_file_not_its_place(weights, tmp_path):
    copy = tmp_path / "copy.pt"
    shutil.copyfile(weights, copy)
    assert repr(Pretrained(weights=str(copy))) == repr(Pretrained(weights=weights))
    copy.write_bytes(b"other weights")
    assert repr(Pretrained(weights=str(copy))) != repr(Pretrained(weights=weights))


@pytest.mark.parametrize("network", ["mobilenet_v3_small", "shufflenet_v2_x0_5"])
def test_other_families_lose_their_last_layer_too(network, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(models.get_model(network, weights=None).state_dict(), path)
    images = np.zeros((2, 3, 8, 8), np.uint8)
    width = {"mobilenet_v3_small": 1024, "shufflenet_v2_x0_5": 1024}[network]
    assert Pretrained(network, str(path)).fit_transform(images).shape == (2, width)


def test_without_a_network_the_error_says_what_to_do(offline, photographs):
    with pytest.raises(WeightsUnavailable, match=r"weights must be downloaded, got .* set embedding.weights"):
        Pretrained().fit_transform(photographs)


@pytest.mark.parametrize("content", [b"", b"not weights at all"])
def test_a_damaged_file_is_named(tmp_path, photographs, content):
    path = tmp_path / "damaged.pt"
    path.write_bytes(content)
    with pytest.raises(WeightsUnavailable, match=r"readable file of weights, got .*damaged\.pt"):
        Pretrained(weights=str(path)).fit_transform(photographs)


def test_weights_of_another_network_are_refused(weights, photographs):
    with pytest.raises(WeightsUnavailable, match="weights must fit resnet34"):
        Pretrained("resnet34", weights).fit_transform(photographs)


@pytest.mark.parametrize(
    ("network", "words"),
    [("resnet19", "network must be one of torchvision's"), ("squeezenet1_0", "must end in a linear layer")],
)
def test_networks_it_cannot_use_are_refused(network, words, tmp_path, photographs):
    path = tmp_path / "weights.pt"
    if network in models.list_models():
        torch.save(models.get_model(network, weights=None).state_dict(), path)
    with pytest.raises(InvalidValue, match=words):
        Pretrained(network, str(path)).fit_transform(photographs)


def test_features_are_refused():
    with pytest.raises(InvalidValue, match="must be given images of 1 or 3 channels"):
        Pretrained().fit_transform(np.zeros((4, 3), np.float32))
