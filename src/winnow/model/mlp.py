"""Train a fully connected network: for features, and on images to see what convolutions gain.

It takes rows of any shape, flattened. On images it should lose to `lenet5`, whose convolutions use that
neighbouring pixels are related.

.. [1] Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature, 1986.
   https://doi.org/10.1038/323533a0
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from winnow.stages import Model

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class MLP(Model):
    """Fully connected layers with ReLU and dropout.

    Parameters
    ----------
    hidden
        Number of units of each hidden layer; an empty list gives multinomial logistic regression.
    dropout
        Probability with which an output of a hidden layer is set to zero in training.

    Examples
    --------
    >>> sum(weights.numel() for weights in MLP(hidden=(3,)).build((2,), 4).parameters())
    25
    """

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (200, 100)
    dropout: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        from torch import nn

        layers, fan_in = [nn.Flatten()], math.prod(shape)
        for width in self.hidden:
            layers += [nn.Linear(fan_in, width), nn.ReLU(), nn.Dropout(self.dropout)]
            fan_in = width
        return nn.Sequential(*layers, nn.Linear(fan_in, classes))
