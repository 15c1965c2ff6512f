"""What every model owes, checked for each option of conf/model."""

from pathlib import Path

import pytest
import torch

from winnow.stages import Model

OPTIONS = sorted(path.stem for path in Path(__file__).parents[2].glob("conf/model/*.yaml"))
QUICK = {
    "resnet9": {"width": 8},
    # Every branch of timm's ResNets begins as zero, so that no gradient reaches its layers in the first step.
    "timm": {"name": "test_efficientnet"},
}


@pytest.fixture
def model(request, build_option) -> Model:
    if request.param == "timm":
        pytest.importorskip("timm", reason="needs the extra timm: pip install winnow-subset[timm]")
    return build_option("model", request.param, **QUICK.get(request.param, {}))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64), (2, 20, 20)], ids=str)
@pytest.mark.parametrize("model", OPTIONS, indirect=True)
class TestModel:
    def test_gives_one_score_per_class(self, model, shape):
        assert isinstance(model, Model)
        assert model.build(shape, 7)(torch.randn(5, *shape)).shape == (5, 7)

    def test_classifies_a_single_image(self, model, shape):
        network = model.build(shape, 2).eval()
        assert torch.isfinite(network(torch.randn(1, *shape))).all()

    def test_same_torch_seed_gives_the_same_weights(self, model, shape):
        one, same, other = (seeded(model, shape, seed) for seed in (1, 1, 2))
        assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
        assert not all(torch.equal(a, b) for a, b in zip(one, other, strict=True))

    def test_the_gradient_reaches_every_parameter(self, model, shape):
        torch.manual_seed(0)
        network = model.build(shape, 3)
        loss = torch.nn.functional.cross_entropy(network(torch.randn(16, *shape)), torch.arange(16) % 3)
        loss.backward()
        for name, weights in network.named_parameters():
            assert weights.grad is not None, name
            assert torch.isfinite(weights.grad).all(), name
            # A bias in front of a batch normalisation cancels out: its gradient is zero up to rounding.
            assert weights.grad.abs().sum() > 0, name

    def test_building_changes_nothing(self, model, shape):
        before = repr(model)
        model.build(shape, 3)
        assert repr(model) == before
        assert model == type(model)(**vars(model))


def seeded(model: Model, shape: tuple[int, ...], seed: int) -> list[torch.Tensor]:
    torch.manual_seed(seed)
    return list(model.build(shape, 3).state_dict().values())
