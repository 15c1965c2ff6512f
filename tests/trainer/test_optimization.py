from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.lr_scheduler import ChainedScheduler, LinearLR, MultiStepLR, OneCycleLR

from winnow.trainer._optimization import (
    ScheduleName,
    cosine_schedule,
    make_optimizer,
    make_schedule,
    one_cycle_schedule,
    step_schedule,
    weighted_cross_entropy,
)


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


def learning_rates(make_scheduler, steps):
    """Return the learning rate of every step, as a scheduler of torch sets it on a rate of 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, rates = make_scheduler(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(("steps", "warmup"), [(40, 0.3), (7, 0.3), (100, 0.0), (33, 0.9)])
def test_one_cycle_is_that_of_torch(steps, warmup):
    factor = one_cycle_schedule(steps, warmup)
    theirs = learning_rates(
        lambda optimizer: OneCycleLR(
            optimizer, max_lr=1.0, total_steps=steps, pct_start=warmup, cycle_momentum=False
        ),
        steps - 1,  # torch refuses to be asked for more
    )
    assert [factor(step) for step in range(steps - 1)] == pytest.approx(theirs, rel=1e-9)
    assert factor(steps - 1) == pytest.approx(1 / 250_000)


@given(st.integers(1, 300), st.floats(0, 0.99))
def test_one_cycle_stays_between_its_ends_whatever_the_number_of_steps(steps, warmup):
    factor = one_cycle_schedule(steps, warmup)
    assert all(0 < factor(step) <= 1 for step in range(steps + 1))


@pytest.mark.parametrize("milestones", [(0.5, 0.75), (0.3, 0.6, 0.9), ()])
def test_steps_without_a_warmup_are_those_of_torch(milestones):
    factor = step_schedule(40, 0.0, milestones, 0.1)
    at = [round(40 * share) for share in milestones]
    theirs = learning_rates(lambda optimizer: MultiStepLR(optimizer, at, gamma=0.1), 40)
    assert [factor(step) for step in range(40)] == pytest.approx(theirs)


def test_steps_with_a_warmup_are_those_of_torch():
    factor = step_schedule(40, 0.1, (0.5,), 0.1)
    theirs = learning_rates(
        lambda optimizer: ChainedScheduler(
            [
                LinearLR(optimizer, start_factor=1 / 4, total_iters=3),
                MultiStepLR(optimizer, [20], gamma=0.1),
            ]
        ),
        40,
    )
    assert [factor(step) for step in range(40)] == pytest.approx(theirs)


def test_every_schedule_has_its_name():
    settings = {"warmup": 0.1, "milestones": (0.5,), "step_factor": 0.1}
    made = {name: make_schedule(name, 20, **settings) for name in get_args(ScheduleName)}
    assert made.pop("constant") is None
    at_the_end = {name: round(factor(19), 3) for name, factor in made.items()}
    assert at_the_end == {"cosine": 0.008, "step": 0.1, "one_cycle": 0.0}


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.9, True), (0.9, False), (0.0, True)])
def test_sgd_takes_the_steps_of_its_definition(momentum, nesterov):
    # Sutskever et al., as torch writes it: v = momentum v + g; the step is g + momentum v, or v.
    weight = torch.ones(1, 1, requires_grad=True)
    optimizer = make_optimizer(
        "sgd",
        [weight],
        learning_rate=0.1,
        betas=(0.9, 0.99),
        weight_decay=0.5,
        momentum=momentum,
        nesterov=nesterov,
    )
    expected, velocity = 1.0, 0.0
    for _ in range(3):
        optimizer.zero_grad()
        (2 * weight).sum().backward()
        optimizer.step()
        gradient = 2 + 0.5 * expected
        velocity = momentum * velocity + gradient
        expected -= 0.1 * (gradient + momentum * velocity if nesterov else velocity)
        assert weight.item() == pytest.approx(expected, rel=1e-6)


def test_sgd_is_that_of_torch():
    torch.manual_seed(0)
    mine, theirs = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    theirs.load_state_dict(mine.state_dict())
    settings = {"learning_rate": 0.1, "betas": (0.9, 0.99), "weight_decay": 0.0}
    optimizers = [
        make_optimizer("sgd", mine.parameters(), **settings),
        torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9, nesterov=True),
    ]
    for _ in range(5):
        for network, optimizer in zip((mine, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            network(torch.tensor([[1.0, -2.0, 0.5]])).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(mine.weight, theirs.weight)
