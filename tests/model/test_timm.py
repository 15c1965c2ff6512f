"""Networks of timm. Skipped where the extra `timm` is not installed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from winnow.augment.none import Unchanged
from winnow.errors import InvalidValue, WeightsUnavailable
from winnow.model.timm import Timm
from winnow.network.timm_network import PACKAGE, PACKAGED, PACKAGED_NETWORK
from winnow.streams import Streams
from winnow.trainer.lightning import Lightning
from winnow.types import Dataset, Subset


@pytest.fixture
def timm():
    return pytest.importorskip("timm", reason="needs the extra timm: pip install winnow-subset[timm]")


def test_it_is_timms_network_with_the_weights_of_the_seed(timm):
    torch.manual_seed(3)
    mine = Timm("test_vit").build((3, 160, 160), 7)
    torch.manual_seed(3)
    theirs = timm.create_model("test_vit", num_classes=7)
    pairs = zip(mine.state_dict().values(), theirs.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("channels", [1, 3])
def test_all_but_the_last_layer_come_from_the_file(timm, tmp_path, channels):
    theirs = timm.create_model("test_resnet", num_classes=5).eval()
    torch.save(theirs.state_dict(), tmp_path / "five_classes.pt")
    weights = str(tmp_path / "five_classes.pt")
    mine = Timm("test_resnet", weights).build((channels, 64, 64), 3).network.eval()
    images = torch.randn(2, channels, 64, 64, generator=torch.Generator().manual_seed(0))
    assert mine(images).shape == (2, 3)
    mine.reset_classifier(0)
    theirs.reset_classifier(0)
    torch.testing.assert_close(mine(images), theirs(images.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-5)


def test_the_small_stem_keeps_what_a_small_image_shows(timm):
    network = Timm("resnet18", small_stem=True).build((3, 32, 32), 2)
    assert network.forward_features(torch.zeros(2, 3, 32, 32)).shape == (2, 512, 4, 4)


def test_an_unknown_network_is_refused(timm):
    with pytest.raises(InvalidValue, match=r"must be one of timm's, got 'resnet19'.*model\.name"):
        Timm("resnet19").build((3, 32, 32), 2)


def test_weights_of_another_network_are_refused(timm, tmp_path):
    torch.save(timm.create_model("test_resnet").state_dict(), tmp_path / "small.pt")
    with pytest.raises(WeightsUnavailable, match="weights must fit resnet18, got"):
        Timm("resnet18", str(tmp_path / "small.pt")).build((3, 64, 64), 2)


def test_without_timm_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("winnow.network.timm_network.find_spec", lambda name: None)
    with pytest.raises(InvalidValue, match=r"model=timm must find the library timm.*winnow-subset\[timm\]"):
        Timm().build((3, 32, 32), 2)


def test_the_weights_of_the_package_fit(timm):
    pytest.importorskip(PACKAGE, reason=f"needs the weights in the package {PACKAGE}")
    network = Timm(PACKAGED_NETWORK, PACKAGED).build((1, 64, 64), 2).network.eval()
    deviation = network.bn1.running_var.sqrt()
    assert network(torch.randn(2, 1, 64, 64)).shape == (2, 2)
    assert not torch.allclose(deviation, torch.ones_like(deviation))


def test_the_last_layer_begins_small_where_timm_would_draw_it_large(timm, tmp_path):
    torch.save(timm.create_model("test_efficientnet").state_dict(), tmp_path / "weights.pt")
    last = (
        Timm("test_efficientnet", str(tmp_path / "weights.pt")).build((3, 32, 32), 2).network.get_classifier()
    )
    assert timm.create_model("test_efficientnet", num_classes=2).get_classifier().weight.abs().max() > 0.5
    assert last.weight.abs().max() <= last.in_features**-0.5


def test_images_are_normalised_as_those_that_the_weights_learnt_from(timm, frozen):
    photographs = replace(frozen, name="resnet18")
    mean, deviation = photographs.input_moments(3)
    assert mean == pytest.approx([255 * value for value in (0.485, 0.456, 0.406)])
    assert deviation == pytest.approx([255 * value for value in (0.229, 0.224, 0.225)])
    assert photographs.input_moments(1)[0] == pytest.approx([255 * (0.485 + 0.456 + 0.406) / 3])
    assert frozen.input_moments(3) == ([127.5] * 3, [127.5] * 3)
    assert Timm("resnet18").input_moments(3) is None


def test_the_weights_of_the_package_learnt_other_values_than_timms(timm):
    pytest.importorskip(PACKAGE, reason=f"needs the weights in the package {PACKAGE}")
    learnt = Timm(PACKAGED_NETWORK, PACKAGED).input_moments(3)
    assert learnt == ([pytest.approx(127)] * 3, [pytest.approx(128)] * 3)


@pytest.fixture
def frozen(timm, tmp_path):
    torch.manual_seed(0)
    torch.save(timm.create_model("test_resnet").state_dict(), tmp_path / "weights.pt")
    return Timm("test_resnet", str(tmp_path / "weights.pt"), frozen=True)


@pytest.mark.parametrize("side", [None, 64])
def test_of_a_frozen_network_only_the_last_layer_learns(frozen, side):
    dataset, network = shades(), None

    def remember(trained):
        nonlocal network
        network = {name: value.clone() for name, value in trained.state_dict().items()}

    torch.manual_seed(0)
    model = replace(frozen, side=side)
    before = model.build((3, 32, 32), 2).state_dict()
    rows = Subset.of(np.arange(dataset.n))
    Lightning(steps=6).learn(dataset, rows, model, Unchanged(), Streams(0, 0), after_epoch=remember)
    changed = {name for name, value in network.items() if not torch.equal(value, before[name])}
    last = {name for name in before if ".fc." in name}
    # The last layer begins with other weights than here; statistics of batch normalisation are tensors, too.
    assert changed == last
    assert any("running_mean" in name for name in before)


def test_a_frozen_network_trained_with_others_learns_the_same(frozen):
    dataset, rows = shades(), Subset.of(np.arange(12))
    parts = dataset, [rows, rows], frozen, Unchanged(), [Streams(0, 0), Streams(0, 1)]
    together = Lightning(steps=6).train_together(*parts)
    alone = Lightning(steps=6).train(dataset, rows, frozen, Unchanged(), Streams(0, 0))
    np.testing.assert_allclose(together[0].losses, alone.losses, rtol=1e-3)


def test_random_weights_are_not_frozen():
    with pytest.raises(
        InvalidValue, match=r"frozen must be false for random weights.*model\.weights=default"
    ):
        Timm("test_resnet", frozen=True)


def shades():
    """Twelve images of noise, dark and light."""
    x = np.random.default_rng(0).integers(100, size=(12, 3, 32, 32), dtype=np.uint8)
    y = np.arange(12) % 2
    x[y == 1] += 100
    return Dataset("shades", x, y, x[:2], y[:2], ("dark", "light"))
