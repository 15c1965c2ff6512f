"""A plain training loop, for the small networks that embeddings and clusterers learn for themselves.

The network that is judged is trained by Lightning instead (group `trainer`).
"""

from collections.abc import Callable, Iterable
from itertools import chain, islice, repeat
from typing import Any

import torch
from numpy import ndarray

from winnow.network.device import fault_of, one_thread
from winnow.network.progress import progress_bar

Loss = Callable[[torch.nn.Module, Any], torch.Tensor]


def fit(
    network: torch.nn.Module,
    loss: Loss,
    batches: Iterable[Any],
    *,
    steps: int,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    description: str | None = None,
) -> ndarray:
    """Take exactly `steps` optimiser steps, and return the loss of each, float32 (steps,).

    One pass over `batches` is an epoch; it is iterated again until the steps are taken. A `description`
    shows a progress bar under that name.

    Raises
    ------
    InvalidValue
        If a loss is not finite, naming the first such step.
    """
    losses = []
    network.train()
    with one_thread(), progress_bar(description, steps) as show:
        for batch in islice(chain.from_iterable(repeat(batches)), steps):
            optimizer.zero_grad()
            value = loss(network, batch)
            value.backward()
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            losses.append(value.detach())
            show(len(losses))
    curve = torch.stack(losses).float().cpu().numpy()
    if fault := fault_of(curve):
        raise fault
    return curve
