from pathlib import Path

import pytest
import torch
from torch import nn

from winnow.errors import InvalidValue
from winnow.trainer._replicas import MaskedDropout, Replicas

CONF = Path(__file__).parents[2] / "conf" / "model"
OPTIONS = sorted(path.stem for path in CONF.glob("*.yaml"))
SMALL = {"resnet9": {"width": 4}, "timm": {"name": "test_efficientnet"}}
ROW = torch.zeros(1, 1, 28, 28)


def replicas(build, seeds, row=ROW):
    with torch.random.fork_rng():
        return Replicas.of(build, seeds, row)


def alone(build, seed):
    torch.manual_seed(seed)
    return build()


@pytest.mark.parametrize("option", OPTIONS)
def test_every_replica_answers_like_the_network_of_its_seed(build_option, option):
    if option == "timm":
        pytest.importorskip("timm", reason="needs the extra timm: pip install winnow-subset[timm]")
    model = build_option("model", option, **SMALL.get(option, {}))
    images = torch.randn(40, 1, 28, 28, generator=torch.Generator().manual_seed(0))

    def build():
        return model.build((1, 28, 28), 10)

    with torch.random.fork_rng(), torch.no_grad():
        expected = torch.stack([alone(build, seed).eval()(images) for seed in (3, 4)])
    spread = expected.std()
    scores = replicas(build, [3, 4]).scores(images)
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-4 * spread.item())
    assert not torch.allclose(scores[0], scores[1], rtol=1e-2, atol=1e-2 * spread.item())


def test_the_class_with_the_highest_score_is_predicted():
    def build():
        return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 10))

    together, images = replicas(build, [3, 4]), torch.randn(40, 1, 28, 28)
    assert together.predict(images.split(15)).tolist() == together.scores(images).argmax(dim=2).tolist()


def lets_through(network, seeds, rows=6):
    """What is left of ones, for every replica, by the losses of a network that has no weights to speak of."""
    together = replicas(network, seeds, torch.zeros(1, 8))
    ones = torch.ones(len(seeds), rows, 8)
    return together.losses(lambda scores, *_: scores, (ones, ones, ones))


def dropping():
    identity = nn.Linear(8, 8, bias=False)
    nn.init.eye_(identity.weight)
    return nn.Sequential(identity, nn.Dropout(0.5))


def test_dropout_of_a_replica_does_not_depend_on_the_others():
    several, single = lets_through(dropping, [5, 6, 7]), lets_through(dropping, [6])
    assert torch.equal(several[1], single[0])
    assert not torch.equal(several[0], several[1])
    assert set(several.flatten().tolist()) == {0.0, 2.0}


def test_dropout_goes_on_where_the_initial_weights_ended():
    with torch.random.fork_rng():
        expected = alone(dropping, 6)(torch.ones(6, 8))
    assert torch.equal(lets_through(dropping, [6])[0], expected)


def test_dropout_of_nothing_draws_nothing():
    together = replicas(lambda: nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.0)), [1], torch.zeros(1, 8))
    before = together.generators[0].get_state()
    ones = torch.ones(1, 6, 8)
    together.losses(lambda scores, *_: scores.sum(), (ones, ones, ones))
    assert torch.equal(together.generators[0].get_state(), before)


def test_nothing_is_dropped_when_it_is_tested():
    layer = MaskedDropout(0.5).eval()
    assert torch.equal(layer(torch.ones(3, 2)), torch.ones(3, 2))


def test_random_numbers_that_cannot_be_kept_apart_are_refused():
    with pytest.raises(RuntimeError, match="randomness"):
        lets_through(lambda: nn.Sequential(nn.Linear(8, 8), nn.AlphaDropout(0.5)), [1, 2])


def test_batch_statistics_are_each_replicas_own():
    def build():
        return nn.BatchNorm1d(1)

    together = replicas(build, [1, 2], torch.zeros(1, 1))
    batch = torch.tensor([[[0.0], [2.0]], [[10.0], [30.0]]])
    together.losses(lambda scores, *_: scores.sum(), (batch, batch, batch))
    # A tenth of the means 1 and 20; (momentum 0.1, Ioffe and Szegedy's moving average as torch has it).
    assert together.buffers["running_mean"].flatten().tolist() == pytest.approx([0.1, 2.0])
    assert together.buffers["num_batches_tracked"].tolist() == [1, 1]


def test_a_dropout_of_another_kind_is_not_taken_for_the_usual_one():
    class Always(nn.Dropout):
        def forward(self, x):
            return 3 * x

    identity = nn.Linear(8, 8, bias=False)
    nn.init.eye_(identity.weight)
    assert torch.equal(
        lets_through(lambda: nn.Sequential(identity, Always(0.5)), [1]), torch.full((1, 6, 8), 3.0)
    )


def test_a_dropout_layer_that_is_used_twice_is_refused():
    class Twice(nn.Sequential):
        def forward(self, x):
            return super().forward(super().forward(x))

    with pytest.raises(InvalidValue, match=r"must be used once .* got 1 used 2 times"):
        lets_through(lambda: Twice(nn.Linear(8, 8), nn.Dropout(0.5)), [1, 2])
