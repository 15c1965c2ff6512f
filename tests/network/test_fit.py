"""The plain loop takes exactly its steps, in the order of its batches, and reports what goes wrong."""

import pytest
import torch

from winnow.errors import InvalidValue
from winnow.network.fit import fit


def squares(network, batch):
    return network(batch).square().sum()


def sgd(network, rate=0.1):
    return torch.optim.SGD(network.parameters(), lr=rate)


def test_a_step_is_the_gradient_times_the_rate():
    # One weight w = 2, no bias, the row x = 1: the loss is w^2 = 4, its gradient 2w = 4; after a step at
    # rate 0.25 the weight is 1 and the loss 1, then 0.5 and 0.25.
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 2.0)
    losses = fit(network, squares, [torch.ones(1, 1)], steps=3, optimizer=sgd(network, 0.25))
    assert losses.tolist() == [4.0, 1.0, 0.25]
    assert network.weight.item() == 0.25


@pytest.mark.parametrize(("batches", "steps"), [(3, 7), (3, 3), (5, 2)])
def test_batches_are_passed_over_until_the_steps_are_taken(batches, steps):
    network, seen = torch.nn.Linear(1, 1), []

    def loss(network, batch):
        seen.append(int(batch))
        return squares(network, batch)

    each = [torch.full((1, 1), float(number)) for number in range(batches)]
    assert len(fit(network, loss, each, steps=steps, optimizer=sgd(network, 0.0))) == steps
    assert seen == [step % batches for step in range(steps)]


def test_the_schedule_moves_at_every_step():
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 1.0)
    optimizer = sgd(network, 0.5)
    # Rates 0.5 and 0: the first step takes the weight to 0, the second leaves it there.
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step)
    losses = fit(network, squares, [torch.ones(1, 1)], steps=2, optimizer=optimizer, scheduler=scheduler)
    assert losses.tolist() == [1.0, 0.0]
    assert optimizer.param_groups[0]["lr"] == -0.5


def test_a_network_is_trained_in_training_mode_on_one_thread():
    network, threads = torch.nn.Dropout(0.5).eval(), []
    weight = torch.nn.Parameter(torch.ones(1))
    before = torch.get_num_threads()

    def loss(network, batch):
        threads.append((network.training, torch.get_num_threads()))
        return weight.sum()

    fit(network, loss, [None], steps=1, optimizer=torch.optim.SGD([weight], lr=0.1))
    assert threads == [(True, 1)]
    assert torch.get_num_threads() == before


def test_a_loss_that_is_not_finite_is_named_by_its_step():
    network = torch.nn.Linear(1, 1)
    batches = [torch.tensor([[1.0]])] * 29 + [torch.tensor([[torch.inf]])]
    with pytest.raises(InvalidValue, match="at step 29"):
        fit(network, squares, batches, steps=40, optimizer=sgd(network, 0.0))


def test_a_description_shows_the_steps_on_stderr_and_no_description_nothing(capsys):
    network = torch.nn.Linear(1, 1)
    for description in (None, "simclr"):
        fit(network, squares, [torch.ones(1, 1)], steps=2, optimizer=sgd(network), description=description)
        out, err = capsys.readouterr()
        assert out == ""
        assert ("simclr" in err and "2/2" in err) == (description is not None)
        assert bool(err) == (description is not None)
