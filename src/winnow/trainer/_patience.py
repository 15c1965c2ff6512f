"""Stop a training when rows set aside for it are no longer learnt any better.

Without this, the number of steps depends on the budget alone; with it, also on the rows, and part of the
budget is not learnt from at all: comparisons are fair only where every selector stops in this way. It pays
where the schedule is constant and nobody knows how long to train; with a schedule that ends, it loses.

Reference: Prechelt, "Early stopping - but when?", Neural Networks: Tricks of the Trade, 1998.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.network.batches import EVALUATION_BATCH

if TYPE_CHECKING:
    import torch


def set_aside(
    n: int, fraction: float, rng: Generator
) -> tuple[Int64[ndarray, " learnt"], Int64[ndarray, " aside"]]:
    """Divide n rows into those to learn from, at least one, and a random `fraction` to validate on.

    >>> [len(part) for part in set_aside(10, 0.2, np.random.default_rng(0))]
    [8, 2]
    """
    order = rng.permutation(n)
    aside = min(round(fraction * n), n - 1)
    return np.sort(order[aside:]), np.sort(order[:aside])


@dataclass(eq=False)
class Patience:
    """Asked after every pass: says stop after `passes` of them without a better validation accuracy."""

    images: "torch.Tensor"
    labels: "torch.Tensor"
    passes: int
    _best: float = field(default=-1.0, init=False)
    _waited: int = field(default=0, init=False)
    _weights: dict = field(default_factory=dict, init=False)

    def __call__(self, network: "torch.nn.Module") -> bool:
        from winnow.trainer.fit import predict

        right = predict(network, self.images.split(EVALUATION_BATCH)) == self.labels.cpu().numpy()
        network.train()
        if right.mean() > self._best:
            self._best, self._waited = float(right.mean()), 0
            self._weights = {name: value.clone() for name, value in network.state_dict().items()}
        else:
            self._waited += 1
        return self._waited >= self.passes

    def restore(self, network: "torch.nn.Module") -> None:
        """Give the network the weights with which it was best, if a pass was completed."""
        if self._weights:
            network.load_state_dict(self._weights)
