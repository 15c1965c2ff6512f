import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from winnow.trainer._optimization import cosine_schedule, make_optimizer, weighted_cross_entropy


def adam(network, **settings):
    usual = {"learning_rate": 0.01, "betas": (0.9, 0.99), "weight_decay": 0.05}
    return make_optimizer("adam", network.parameters(), **(usual | settings))


def test_the_first_step_of_adam_moves_every_weight_by_the_learning_rate():
    # Adam's first step has the size of the learning rate, whatever the gradient (Kingma and Ba, section 2.1).
    network = torch.nn.Linear(2, 2)
    before = network.weight.detach().clone()
    optimizer = adam(network, weight_decay=0.0)
    network(torch.tensor([[1.0, -2.0]])).sum().backward()
    optimizer.step()
    assert (network.weight - before).abs().flatten().tolist() == pytest.approx([0.01] * 4, rel=1e-4)


@pytest.mark.parametrize(("dimensions", "decays"), [(1, {2: 0.05, 1: 0.0}), (2, {2: 0.0, 1: 0.0})])
def test_only_weights_decay(dimensions, decays):
    groups = adam(torch.nn.Linear(2, 2), vector_dimensions=dimensions).param_groups
    assert {p.ndim: group["weight_decay"] for group in groups for p in group["params"]} == decays


@given(st.integers(1, 500), st.floats(0, 0.99))
def test_the_learning_rate_rises_to_its_highest_value_and_falls_to_zero(steps, warmup):
    factor = cosine_schedule(steps, warmup)
    factors = [factor(step) for step in range(steps)]
    assert all(0 < each <= 1 for each in factors)
    assert max(factors) == 1
    top = factors.index(1)
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert factor(steps) == pytest.approx(0, abs=1e-9) or round(warmup * steps) == steps


def test_a_row_of_weight_two_counts_like_two_rows():
    scores, labels = torch.randn(3, 4), torch.tensor([0, 1, 3])
    doubled = weighted_cross_entropy(scores, labels, torch.tensor([1.0, 2.0, 1.0]), 0.1)
    repeated = weighted_cross_entropy(scores[[0, 1, 1, 2]], labels[[0, 1, 1, 2]], torch.ones(4), 0.1)
    torch.testing.assert_close(doubled, repeated)
