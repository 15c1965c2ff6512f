"""Train as the MNIST project that winnow grew from did: Adam at a constant rate, for a number of epochs.

Here to be comparable with it. A subset of 600 images gets 50 steps, so what is compared at small budgets is
mostly how quickly a network learns; expect `lightning` to win there by far.

Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
"""

from dataclasses import dataclass
from typing import Literal

from winnow.trainer._settings import Count, Fraction, NotNegative, Positive
from winnow.trainer.lightning import Lightning


@dataclass(frozen=True)
class Reference(Lightning):
    """`Lightning` with other defaults; hyper-parameters that are not listed here mean and are the same.

    Parameters
    ----------
    optimizer : {"adamw", "adam", "sgd"}
        Adam with or without decoupled weight decay, or stochastic gradient descent.
    learning_rate : float
        Its highest value.
    betas : tuple of two floats
        Decay rates of Adam's averages of the gradient and of its square.
    weight_decay : float
        Of weights; none here.
    schedule : {"cosine", "constant", "step", "one_cycle"}
        How the learning rate goes on after the warm-up.
    warmup : float
        Share of the steps over which the learning rate rises.
    label_smoothing : float
        Probability that is taken from the right class and spread over all classes.
    batch_size : int
        Rows of a batch, at most.
    epochs : float
        Passes over the kept rows.
    min_steps, max_steps : int
        Bounds of the number of optimiser steps: so wide that none applies.

    Examples
    --------
    >>> [Reference().steps_for(n) for n in (600, 60_000)]
    [50, 4690]
    """

    optimizer: Literal["adamw", "adam", "sgd"] = "adam"
    learning_rate: Positive = 1e-3
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    weight_decay: NotNegative = 0.0
    schedule: Literal["cosine", "constant", "step", "one_cycle"] = "constant"
    warmup: Fraction = 0.0
    label_smoothing: Fraction = 0.0
    batch_size: Count = 64
    epochs: Positive = 5.0
    min_steps: Count = 1
    max_steps: Count = 1_000_000
