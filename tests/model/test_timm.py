"""Networks of timm. Skipped where the extra `timm` is not installed."""

import pytest
import torch

from winnow.errors import InvalidValue, WeightsUnavailable
from winnow.model.timm import Timm
from winnow.network.timm_network import PACKAGE, PACKAGED, PACKAGED_NETWORK


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
    mine = Timm("test_resnet", weights).build((channels, 64, 64), 3).eval()
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
    with pytest.raises(InvalidValue, match=r"model=timm must find the library timm.*winnow\[timm\]"):
        Timm().build((3, 32, 32), 2)


def test_the_weights_of_the_package_fit(timm):
    pytest.importorskip(PACKAGE, reason=f"needs the weights in the package {PACKAGE}")
    network = Timm(PACKAGED_NETWORK, PACKAGED).build((1, 64, 64), 2).eval()
    deviation = network.bn1.running_var.sqrt()
    assert network(torch.randn(2, 1, 64, 64)).shape == (2, 2)
    assert not torch.allclose(deviation, torch.ones_like(deviation))
