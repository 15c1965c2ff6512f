"""Train a network on all rows for a few epochs, and record what it makes of every row after each.

Every score by training dynamics is computed from this record. The network is the configured one, trained
plainly and briefly in place of a full training [1]_: which rows are learnt late, or forgotten again, shows
within a few epochs [2]_. Expect little of it where a few epochs already fit everything, and take its cost
into account: it reads all labels, and trains longer than most subsets do that it helps to choose (LeNet-5 on
60,000 images: 88 s of one core, and 33 s to the gradient norms).

With `labels=clusters` it learns the numbers of clusters of the embedding instead, and no label is read [3]_.
Rows are then hard that lie between clusters, or look unlike their own: a weaker hint, and none at all where
the embedding does not see what the classes differ in.

Its initial weights and batch order are its own (stream `dynamics`): no network that is judged later starts
from the same weights. It is not augmented. The hyper-parameters are plain ones, chosen for their cost, and
not tuned.

.. [1] Coleman et al., "Selection via proxy: efficient data selection for deep learning", ICLR 2020.
   https://arxiv.org/abs/1906.11829
.. [2] Paul, Ganguli and Dziugaite, "Deep learning on a data diet: finding important examples early in
   training", NeurIPS 2021. https://arxiv.org/abs/2107.07075
.. [3] Zheng et al., "ELFS: label-free coreset selection with proxy training dynamics", ICLR 2025.
   https://arxiv.org/abs/2406.04273 - with pseudo-labels of a deep clustering, where this takes the configured
   clusterer.
"""

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from winnow.augment.none import Unchanged
from winnow.dynamics._predictions import batches, predictions
from winnow.network.normalisation import EVALUATION_BATCH
from winnow.pool import Learner
from winnow.stages import Model, Observer, Wrapper
from winnow.streams import Streams
from winnow.trainer.lightning import Count, Lightning, Positive
from winnow.types import Dataset, Dynamics, Predictions, Rows, Subset

if TYPE_CHECKING:
    import torch

# Gradients of several rows that are held at once, in numbers: 64 MB.
_NUMBERS_AT_ONCE = 2**24


@dataclass(frozen=True)
class ShortTraining(Observer, Wrapper):
    """Train by AdamW with a cosine to zero, and record the logits of all rows after every epoch.

    Gradient norms are those of the loss without label smoothing, by all weights.

    Parameters
    ----------
    epochs : int
        How often logits are recorded. An epoch is one pass over the rows, or more, see `min_steps`.
    learning_rate : float
        Its highest value, after a warm-up.
    batch_size : int
        Rows of a batch, at most.
    min_steps : int
        Optimiser steps of all epochs together, at least: on a small set an epoch is as many passes as that
        takes, because a few passes would teach nothing.
    gradient_epoch : int
        The epoch after which gradient norms are taken, for selectors that need them; the training then ends.
    accelerator : {"auto", "cpu", "gpu"}
        Where to train; auto: on an NVIDIA GPU if there is one.
    labels : {"given", "clusters"}
        What is learnt: the labels of all rows, or the numbers of their clusters, which reads no label.
    clusters : int
        How many, with `labels=clusters`; at most a tenth of the rows.
    deterministic : bool
        On a GPU, use only algorithms that give the same bits every time. On a CPU results always do.

    Examples
    --------
    >>> [ShortTraining().passes(n) for n in (1438, 60_000)]  # of an epoch
    [3, 1]
    """

    epochs: Count = 10
    learning_rate: Positive = 1e-3
    batch_size: Count = 128
    min_steps: Count = 300
    gradient_epoch: Count = 1
    labels: Literal["given", "clusters"] = "given"
    clusters: Count = 100
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    deterministic: bool = False

    @property
    def inner(self) -> Lightning:
        """The trainer at work; its number of steps depends on the rows."""
        return Lightning(
            learning_rate=self.learning_rate,
            betas=(0.9, 0.999),
            label_smoothing=0.0,
            batch_size=self.batch_size,
            accelerator=self.accelerator,
            deterministic=self.deterministic,
        )

    @property
    def clusters_as_labels(self) -> int:
        return self.clusters if self.labels == "clusters" else 0

    def passes(self, n: int) -> int:
        """Return the number of passes over n rows that make an epoch."""
        return math.ceil(self.min_steps / (self.epochs * math.ceil(n / self.batch_size)))

    def observe(
        self,
        dataset: Dataset,
        model: Model,
        streams: Streams,
        *,
        gradients: bool = False,
        description: str | None = None,
    ) -> Dynamics:
        epochs = min(self.gradient_epoch, self.epochs) if gradients else self.epochs
        record = _LogitsRecord(dataset, model, self.passes(dataset.n), epochs)
        rows = np.arange(dataset.n)
        network = self._trained(dataset, rows, model, streams, after_epoch=record, description=description)
        return Dynamics(record.logits, gradient_norms(network, dataset, model) if gradients else None)

    def learner(self, rows: Rows, model: Model, streams: Streams) -> Learner:
        def fit(some: ndarray, y: ndarray, *, features: bool) -> Predictions:
            labels = np.zeros(rows.n, dtype=np.int64)  # of the other rows nothing is known, or learnt
            labels[some] = y
            dataset = replace(rows, y=labels).to_learn()
            network = self._trained(dataset, some, model, streams)
            return predictions(network, dataset, model, features=features)

        return Learner(rows.n, fit)

    def _trained(
        self, dataset: Dataset, rows: ndarray, model: Model, streams: Streams, **watched: Any
    ) -> "torch.nn.Module":
        """Return a network that learnt some of the training rows."""
        steps = self.epochs * self.passes(len(rows)) * math.ceil(len(rows) / self.batch_size)
        network, _ = replace(self.inner, steps=steps).learn(
            dataset,
            Subset.of(rows),
            model,
            Unchanged(),
            Streams(streams.seed("dynamics"), 0),
            **watched,
        )
        return network


@dataclass(eq=False)
class _LogitsRecord:
    """Called after every pass: records the logits at the end of each epoch; returns True after the last."""

    dataset: Dataset
    model: Model
    passes: int
    epochs: int
    logits: Float32[ndarray, "epochs n classes"] = field(init=False)
    _passed: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.logits = np.empty((self.epochs, self.dataset.n, len(self.dataset.classes)), np.float32)

    def __call__(self, network: "torch.nn.Module") -> bool:
        import torch

        self._passed += 1
        epoch, within = divmod(self._passed, self.passes)
        if within == 0:
            network.eval()
            with torch.inference_mode():
                for rows, images in batches(self.dataset, network, self.model, EVALUATION_BATCH):
                    self.logits[epoch - 1, rows] = network(images).float().cpu().numpy()
            network.train()
        return epoch == self.epochs


def gradient_norms(network: "torch.nn.Module", dataset: Dataset, model: Model) -> Float32[ndarray, " n"]:
    """Return the norm of the gradient of every training row's loss, by all weights of the network."""
    import torch
    from torch.func import functional_call, grad, vmap
    from torch.nn.functional import cross_entropy

    from winnow.network.device import one_thread

    network.eval()
    weights = {name: value.detach() for name, value in network.named_parameters()}

    def loss(weights: dict, image: "torch.Tensor", label: "torch.Tensor") -> "torch.Tensor":
        return cross_entropy(functional_call(network, weights, (image[None],)), label[None])

    of_each_row = vmap(grad(loss), in_dims=(None, 0, 0))
    at_once = _NUMBERS_AT_ONCE // max(sum(value.numel() for value in weights.values()), 1)
    norms = np.empty(dataset.n, np.float32)
    with one_thread():
        for rows, images in batches(dataset, network, model, min(max(at_once, 1), EVALUATION_BATCH)):
            labels = torch.from_numpy(np.array(dataset.y[rows])).to(images.device)
            gradients = of_each_row(weights, images, labels).values()
            squares = sum(each.flatten(1).square().sum(dim=1) for each in gradients)
            norms[rows] = squares.sqrt().cpu().numpy()
    return norms
