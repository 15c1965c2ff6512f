"""What a training step lowers, and how: the loss, the optimiser and the schedule of its learning rate."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Literal

from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import Adam, AdamW, Optimizer

OptimizerName = Literal["adamw", "adam"]


def weighted_cross_entropy(scores: Tensor, labels: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Return the mean over rows, weighted, of the cross entropy with smoothed labels.

    Label smoothing: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016,
    section 7.

    >>> import torch
    >>> scores, labels = torch.tensor([[0.0, 0.0], [50.0, 0.0]]), torch.tensor([0, 0])
    >>> round(weighted_cross_entropy(scores, labels, torch.tensor([1.0, 3.0]), 0.0).item(), 4)  # log(2) / 4
    0.1733
    """
    losses = cross_entropy(scores, labels, reduction="none", label_smoothing=smoothing)
    return (losses * weights).sum() / weights.sum()


def make_optimizer(
    name: OptimizerName,
    parameters: Iterable[Tensor],
    *,
    learning_rate: float,
    betas: tuple[float, float],
    weight_decay: float,
    vector_dimensions: int = 1,
) -> Optimizer:
    """Return Adam or AdamW; only parameters with more than `vector_dimensions` dimensions decay.

    Decay is meant for weights. On biases and the gains of normalisation it only does harm.

    References: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015; Loshchilov and Hutter,
    "Decoupled weight decay regularization", ICLR 2019.
    """
    groups = defaultdict(list)
    for parameter in parameters:
        groups[weight_decay if parameter.ndim > vector_dimensions else 0.0].append(parameter)
    return {"adamw": AdamW, "adam": Adam}[name](
        [{"params": members, "weight_decay": decay} for decay, members in groups.items()],
        lr=learning_rate,
        betas=betas,
        fused=True,
    )


def cosine_schedule(steps: int, warmup: float) -> Callable[[int], float]:
    """Return the factor of the learning rate at every step: a linear rise, then half a cosine down to zero.

    `warmup` is the share of the steps that the rise takes. Loshchilov and Hutter, "SGDR: stochastic gradient
    descent with warm restarts", ICLR 2017, equation 5, without restarts.

    >>> factor = cosine_schedule(10, warmup=0.2)
    >>> [round(factor(step), 2) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rising = round(warmup * steps)

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(steps - rising, 1)))

    return factor
