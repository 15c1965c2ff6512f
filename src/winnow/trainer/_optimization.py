"""What a training step lowers, and how: the loss, the optimiser and the schedule of its learning rate."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Adam, AdamW, Optimizer

OptimizerName = Literal["adamw", "adam", "sgd"]
ScheduleName = Literal["cosine", "constant", "step", "one_cycle"]
Factor = Callable[[int], float]
"""What the learning rate is multiplied by at a step, counted from 0."""


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
    momentum: float = 0.9,
    nesterov: bool = True,
    vector_dimensions: int = 1,
) -> Optimizer:
    """Return Adam, AdamW or stochastic gradient descent; Adam alone uses `betas`, descent the momentum.

    Only parameters with more than `vector_dimensions` dimensions decay: decay is meant for weights. On biases
    and the gains of normalisation it only does harm. Without momentum, Nesterov's is that of plain descent.

    References: Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML
    2013, section 2; Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015; Loshchilov and
    Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """
    groups = defaultdict(list)
    for parameter in parameters:
        groups[weight_decay if parameter.ndim > vector_dimensions else 0.0].append(parameter)
    decaying = [{"params": members, "weight_decay": decay} for decay, members in groups.items()]
    if name == "sgd":
        return SGD(decaying, learning_rate, momentum, nesterov=nesterov and momentum > 0, fused=True)
    return {"adamw": AdamW, "adam": Adam}[name](decaying, lr=learning_rate, betas=betas, fused=True)


def make_schedule(
    name: ScheduleName,
    steps: int,
    *,
    warmup: float,
    milestones: Sequence[float] = (),
    step_factor: float = 1.0,
) -> Factor | None:
    """Return the factor of the learning rate at every step; None if it is always 1."""
    match name:
        case "cosine":
            return cosine_schedule(steps, warmup)
        case "step":
            return step_schedule(steps, warmup, milestones, step_factor)
        case "one_cycle":
            return one_cycle_schedule(steps, warmup)
    return None


def cosine_schedule(steps: int, warmup: float) -> Factor:
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


def step_schedule(steps: int, warmup: float, milestones: Sequence[float], step_factor: float) -> Factor:
    """Return a factor that rises linearly, then is multiplied by `step_factor` at every milestone.

    `warmup` and `milestones` are shares of the steps. He et al., "Deep Residual Learning for Image
    Recognition", CVPR 2016, section 4.2: a tenth at a half and at three quarters.

    >>> factor = step_schedule(8, 0.25, milestones=(0.5, 0.75), step_factor=0.5)
    >>> [factor(step) for step in range(8)]
    [0.5, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    rising, falls = round(warmup * steps), [round(share * steps) for share in milestones]

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return step_factor ** sum(step >= fall for fall in falls)

    return factor


def one_cycle_schedule(steps: int, warmup: float) -> Factor:
    """Return a factor that rises from 1/25 to 1 by half a cosine, and falls by another to 1/250,000.

    That of `torch.optim.lr_scheduler.OneCycleLR` with its defaults, whose `pct_start` is `warmup`; the
    momentum stays as it is. Smith and Topin, "Super-convergence: very fast training of neural networks using
    large learning rates", 2018. https://arxiv.org/abs/1708.07120

    >>> factor = one_cycle_schedule(11, warmup=6 / 11)
    >>> [round(factor(step), 4) for step in (0, 5, 10)]
    [0.04, 1.0, 0.0]
    """
    first, last = 1 / 25, 1 / 250_000
    top, end = warmup * steps - 1, steps - 1

    def between(low: float, high: float, share: float) -> float:
        return high + (low - high) / 2 * (1 + math.cos(math.pi * min(share, 1.0)))

    def factor(step: int) -> float:
        if step <= top and top > 0:
            return between(first, 1.0, step / top)
        return between(1.0, last, (step - top) / (end - top))

    return factor
