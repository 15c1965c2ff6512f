"""Train one linear layer: multinomial logistic regression, the linear probe of features that others learnt.

Rows are standardised before they reach any network (by mean and deviation of the training set), so that on a
table of features of a pretrained network this is the usual probe [1]_, and a training takes a second. It
should win over deeper networks where classes are already apart in the features, and on few rows. It should
lose on pixels. On the embedding of images, in one command, it is `linear_probe`.

.. [1] Alain and Bengio, "Understanding intermediate layers using linear classifier probes", ICLR 2017
   workshop. https://arxiv.org/abs/1610.01644
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from winnow.stages import Model

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Linear(Model):
    """A linear layer on rows of any shape, flattened.

    Parameters
    ----------
    dropout
        Probability with which a value of a row is set to zero in training.

    Examples
    --------
    >>> sum(weights.numel() for weights in Linear().build((5,), 3).parameters())
    18
    """

    dropout: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        from torch import nn

        return nn.Sequential(nn.Flatten(), nn.Dropout(self.dropout), nn.Linear(math.prod(shape), classes))
