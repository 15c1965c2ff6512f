import shutil

import pytest
import torch
from torchvision import models

from winnow.errors import InvalidValue, WeightsUnavailable
from winnow.model.torchvision import Torchvision


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return models.resnet18(num_classes=5).eval()


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "five_classes.pt"
    torch.save(network.state_dict(), path)
    return str(path)


def without_last_layer(network):
    network.fc = torch.nn.Identity()
    return network.eval()


def test_it_is_torchvisions_network_with_the_weights_of_the_seed():
    torch.manual_seed(3)
    mine = Torchvision("mobilenet_v3_small").build((3, 32, 32), 7)
    torch.manual_seed(3)
    theirs = models.mobilenet_v3_small(num_classes=7)
    pairs = zip(mine.state_dict().values(), theirs.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_all_but_the_last_layer_come_from_the_file(network, weights):
    images = torch.randn(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    mine = Torchvision(weights=weights).build((3, 40, 40), 3).network.eval()
    assert mine(images).shape == (2, 3)
    theirs = models.resnet18(num_classes=5)
    theirs.load_state_dict(network.state_dict())
    torch.testing.assert_close(without_last_layer(mine)(images), without_last_layer(theirs)(images))


def test_the_last_layer_starts_at_random_whatever_the_file_holds(network, weights):
    mine = Torchvision(weights=weights).build((3, 40, 40), 5).network
    assert not torch.equal(mine.fc.weight, network.fc.weight)


def test_a_grey_image_is_the_colour_image_without_colour(weights):
    grey, colour = (
        without_last_layer(Torchvision(weights=weights).build((channels, 40, 40), 5).network)
        for channels in (1, 3)
    )
    images = torch.randn(2, 1, 40, 40, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(grey(images), colour(images.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-5)


def test_images_of_other_channels_are_refused_with_weights(weights):
    with pytest.raises(InvalidValue, match="must have 1 or 3 channels for a network with weights, got 4"):
        Torchvision(weights=weights).build((4, 40, 40), 5)


def test_images_are_normalised_as_imagenets_where_there_are_weights(weights):
    assert Torchvision(weights=weights).input_moments(3)[0] == pytest.approx([123.675, 116.28, 103.53])
    assert Torchvision().input_moments(3) is None


@pytest.mark.parametrize(("small_stem", "left"), [(False, 1), (True, 4)])
def test_the_small_stem_keeps_what_a_small_image_shows(small_stem, left):
    network = Torchvision(small_stem=small_stem).build((3, 32, 32), 2)
    seen = []
    network.layer4.register_forward_hook(lambda layer, inputs, output: seen.append(output.shape))
    network(torch.zeros(2, 3, 32, 32))
    assert seen == [(2, 512, left, left)]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "resnet19"}, "name must be one of torchvision's classification networks, got 'resnet19'"),
        ({"name": "googlenet"}, "name must be one of torchvision's classification networks"),
        ({"name": "alexnet", "small_stem": True}, "small_stem must be false but for a ResNet"),
    ],
)
def test_what_it_cannot_build_is_refused(settings, words):
    with pytest.raises(InvalidValue, match=words):
        Torchvision(**settings).build((3, 32, 32), 2)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"frozen": True}, "frozen must be false for random weights"),
        ({"keep_statistics": True}, "keep_statistics must be false or null for random weights"),
        ({"weights": "default", "small_stem": True}, "small_stem must be false with weights"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_when_they_are_put_together(settings, words):
    with pytest.raises(InvalidValue, match=words):
        Torchvision(**settings)


def test_features_are_refused_before_anything_is_built():
    with pytest.raises(InvalidValue, match=r"must be given images.*use model=mlp or model=linear"):
        Torchvision().check_shape((10,))


def test_images_are_resized_inside_the_network():
    network = Torchvision(side=64).build((3, 20, 30), 2)
    seen = []
    network[1].conv1.register_forward_hook(lambda layer, inputs, output: seen.append(inputs[0].shape))
    network(torch.zeros(2, 3, 20, 30))
    assert seen == [(2, 3, 64, 64)]


def test_weights_of_another_network_are_refused(weights):
    with pytest.raises(WeightsUnavailable, match=r"weights must fit resnet34, got .*model\.weights"):
        Torchvision("resnet34", weights).build((3, 32, 32), 2)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WeightsUnavailable, match=r"readable file of weights, got .*missing\.pt"):
        Torchvision(weights=str(tmp_path / "missing.pt")).build((3, 32, 32), 2)


def test_its_identity_is_the_content_of_the_file_not_its_place(weights, tmp_path):
    copy = tmp_path / "copy.pt"
    shutil.copyfile(weights, copy)
    assert repr(Torchvision(weights=str(copy))) == repr(Torchvision(weights=weights))
    copy.write_bytes(b"other weights")
    identities = {repr(Torchvision(weights=each)) for each in (None, "default", weights, str(copy))}
    assert len(identities) == 4


def test_statistics_that_came_with_weights_stay_as_they_are_in_training(weights):
    network = Torchvision(weights=weights).build((3, 32, 32), 2).train()
    before = {name: value.clone() for name, value in network.named_buffers()}
    network(torch.randn(4, 3, 32, 32)).sum().backward()
    assert all(torch.equal(value, before[name]) for name, value in network.named_buffers())
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert network.training
    learning = Torchvision(weights=weights, keep_statistics=False).build((3, 32, 32), 2)
    learning(torch.randn(4, 3, 32, 32))
    assert learning.bn1.num_batches_tracked == 1


def test_a_frozen_network_is_in_evaluation_but_for_its_last_layer(weights):
    network = Torchvision(weights=weights, frozen=True).build((3, 32, 32), 2).train()
    assert {name for name, weights in network.named_parameters() if weights.requires_grad} == {
        "network.fc.weight",
        "network.fc.bias",
    }
    assert [name for name, layer in network.network.named_modules() if layer.training] == ["fc"]
    assert not any(layer.training for layer in network.eval().modules())


def test_what_cannot_be_found_is_refused_before_anything_is_built(tmp_path):
    with pytest.raises(InvalidValue, match="name must be one of torchvision's"):
        Torchvision("resnet19").check_shape((3, 32, 32))
    with pytest.raises(WeightsUnavailable, match=r"weights must be a readable file.*model\.weights="):
        Torchvision(weights=str(tmp_path / "none.pth")).check_shape((3, 32, 32))
    with pytest.raises(WeightsUnavailable, match="a folder"):
        Torchvision(weights=str(tmp_path)).check_shape((3, 32, 32))


def test_weights_that_cannot_be_downloaded_are_refused_before_anything_is_built(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(WeightsUnavailable) as refused:
        Torchvision(weights="default").check_shape((3, 32, 32))
    line = str(refused.value)
    assert "weights must be downloaded, got " in line
    assert "| model.weights=default | connect to the network, or save them elsewhere" in line
