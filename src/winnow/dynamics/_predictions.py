"""What a trained network makes of all training rows: probabilities, and the features of its last layer."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.network.normalisation import EVALUATION_BATCH, Normalisation
from winnow.stages import Model
from winnow.types import Dataset, Predictions

if TYPE_CHECKING:
    import torch


def predictions(network: "torch.nn.Module", dataset: Dataset, model: Model, *, features: bool) -> Predictions:
    """Return the probabilities of all training rows, with `features` also what the last layer reads.

    Raises
    ------
    InvalidValue
        If features are wanted of a network whose last layer is not linear.
    """
    import torch

    from winnow.network.device import one_thread

    network.eval()
    probabilities, seen = [], []
    last = [last_linear(network, len(dataset.classes))] if features else []
    hooks = [
        layer.register_forward_pre_hook(lambda _, given: seen.append(_array(given[0]))) for layer in last
    ]
    with one_thread(), torch.inference_mode():
        for _, images in batches(dataset, network, model, EVALUATION_BATCH):
            probabilities.append(_array(network(images).float().softmax(dim=1)))
    for hook in hooks:
        hook.remove()
    return Predictions(np.concatenate(probabilities), np.concatenate(seen) if features else None)


def last_linear(network: "torch.nn.Module", classes: int) -> "torch.nn.Module":
    """Return the last linear layer of a network, which must give the logits of the classes.

    >>> from torch import nn
    >>> last_linear(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), classes=2)
    Linear(in_features=3, out_features=2, bias=True)
    """
    from torch import nn

    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    if not linear or linear[-1].out_features != classes:
        raise InvalidValue(
            f"model must end in a linear layer of {classes} classes for its features, got "
            f"{linear[-1] if linear else 'none'}",
            remedy="use another model, or a query that reads probabilities alone",
        )
    return linear[-1]


def batches(
    dataset: Dataset, network: "torch.nn.Module", model: Model, size: int
) -> Iterator[tuple[slice, "torch.Tensor"]]:
    """Yield all training rows, normalised for the model and on the device of the network, by batches."""
    normalised = Normalisation.of(dataset, next(network.parameters()).device, model)
    for start in range(0, dataset.n, size):
        rows = slice(start, start + size)
        yield rows, normalised(dataset.x[rows])


def _array(tensor: "torch.Tensor") -> ndarray:
    return tensor.detach().float().cpu().numpy()
