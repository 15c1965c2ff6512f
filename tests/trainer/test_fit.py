"""Training starts fast, takes exactly its steps, and asks after every pass whether it is enough."""

import subprocess
import sys

import pytest
import torch

from winnow.errors import InvalidValue

FIT = """
import sys
import numpy as np, torch
from winnow.network import device as loop
from winnow.trainer import fit as training
network = torch.nn.Linear(2, 2)
batches = {0: (torch.eye(2), torch.tensor([0, 1]))}.values()
loss = lambda network, batch: torch.nn.functional.cross_entropy(network(batch[0]), batch[1])
optimizer = loop.uncompiled(torch.optim.AdamW)(network.parameters(), lr=0.1, fused=True)
losses = training.fit(network, loss, batches, steps=20, optimizer=optimizer)
assert losses[-1] < losses[0]
left_out = {"torch._dynamo", "torchmetrics", "torchvision", "triton", "scipy", "matplotlib"}
print(*sorted(left_out & sys.modules.keys()))
from torch._dynamo import OptimizedModule
from torch.utils.flop_counter import FlopCounterMode
from torchmetrics import Metric
print(*(each.__module__ for each in (OptimizedModule, FlopCounterMode, Metric)))
"""


def test_a_training_imports_neither_the_compiler_nor_metrics_and_both_stay_importable():
    ran = subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "",
        "torch._dynamo.eval_frame torch.utils.flop_counter torchmetrics.metric",
    ]


def test_an_uncompiled_optimiser_steps_as_its_kind_does():
    from winnow.network.device import uncompiled

    weights = []
    for kind in (torch.optim.AdamW, uncompiled(torch.optim.AdamW)):
        weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        optimizer = kind([weight], lr=0.1, weight_decay=0.1, fused=True)
        for _ in range(3):
            optimizer.zero_grad()
            weight.square().sum().backward()
            optimizer.step()
        weights.append(weight.detach())
    assert torch.equal(*weights)
    assert weight.requires_grad


@pytest.mark.parametrize(
    ("batches", "steps", "passes", "losses", "asked"),
    [
        (3, 50, 99, 50, 17),  # 16 passes and two thirds of one
        (25, 25, 99, 25, 1),  # a pass that ends with a turn
        (3, 50, 2, 6, 2),
        (1, 1, 99, 1, 1),
    ],
)
def test_after_every_pass_it_is_asked_whether_to_stop(batches, steps, passes, losses, asked):
    from winnow.trainer import fit as training

    network, learnt = torch.nn.Linear(1, 1), []

    def stop(_: torch.nn.Module) -> bool:
        learnt.append(None)
        return len(learnt) == passes

    taken = training.fit(
        network,
        lambda network, batch: network(batch).square().sum(),
        [torch.ones(1, 1)] * batches,
        steps=steps,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.1),
        stop=stop,
    )
    assert (len(taken), len(learnt)) == (losses, asked)


def test_a_loss_that_is_not_finite_is_named_by_its_step():
    from winnow.trainer import fit as training

    network = torch.nn.Linear(1, 1)
    batches = [torch.tensor([[1.0]])] * 29 + [torch.tensor([[torch.inf]])]
    with pytest.raises(InvalidValue, match="at step 29"):
        training.fit(
            network,
            lambda network, batch: network(batch).square().sum(),
            batches,
            steps=40,
            optimizer=torch.optim.SGD(network.parameters(), lr=0.0),
        )


class Followed(torch.nn.Linear):
    """Notes whenever it is moved: Lightning does that to every network before and after it trains it."""

    def __init__(self, events: list[str]) -> None:
        super().__init__(1, 1)
        self.events = events

    def _apply(self, *args, **options):
        self.events.append("moved")
        return super()._apply(*args, **options)


@pytest.mark.parametrize("steps", [24, 25, 26])
def test_the_last_pass_is_judged_before_the_network_is_taken_away(steps):
    from winnow.trainer import fit as training

    events = []
    network = Followed(events)
    training.fit(
        network,
        lambda network, batch: network(batch).square().sum(),
        [torch.ones(1, 1)] * steps,
        steps=steps,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.1),
        stop=lambda _: events.append("asked") or False,
    )
    assert events.count("asked") == 1
    # Taken to the CPU, and back to where it was.
    assert events[events.index("asked") :] == ["asked", "moved", "moved"]


@pytest.mark.parametrize("step", [0, 24, 25, 30])
def test_ctrl_c_stays_ctrl_c_wherever_in_a_turn_it_comes(step):
    from winnow.trainer import fit as training

    network, taken = torch.nn.Linear(1, 1), []

    def loss(network: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
        if len(taken) == step:
            raise KeyboardInterrupt
        taken.append(None)
        return network(batch).square().sum()

    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    with pytest.raises(KeyboardInterrupt):
        training.fit(network, loss, [torch.ones(1, 1)], steps=50, optimizer=optimizer, description="fit")
    assert len(taken) == step
