"""Hold many networks of one shape as one, each with its own weights, batch statistics and random numbers.

`torch.func.vmap` runs all of them by the kernels of one, on stacked weights [1]_. Two things need care. Batch
normalisation updates its statistics in place: they are stacked with the weights, and updated there. Dropout
would draw for all networks from a single stream, so that what one learns depended on the others: its masks
are drawn outside, each from the stream of its own network.

.. [1] "Model ensembling" in the tutorials of torch.func.
   https://docs.pytorch.org/tutorials/intermediate/ensembling.html
"""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy

import torch
from numpy import ndarray
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from winnow.errors import InvalidValue

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


class Replicas:
    """R networks of one shape: their parameters and buffers stacked along a first dimension of length R.

    Dropout draws from `generators`, one for each network; `row` is a single input.

    Examples
    --------
    >>> one, two = nn.Linear(1, 1), nn.Linear(1, 1)
    >>> replicas = Replicas([one, two], [torch.Generator()] * 2, torch.zeros(1, 1))
    >>> {name: tuple(stacked.shape) for name, stacked in replicas.parameters.items()}
    {'weight': (2, 1, 1), 'bias': (2, 1)}
    """

    def __init__(
        self, networks: Sequence[nn.Module], generators: Sequence[torch.Generator], row: Tensor
    ) -> None:
        self.parameters, self.buffers = stack_module_state(list(networks))
        self.generators = generators
        # Only its layers are used, never its weights.
        self._network = deepcopy(networks[0])
        self._dropouts = _with_masks(self._network)
        with torch.no_grad():
            self._network.eval()(row)
        for name, layer in self._dropouts.items():
            if layer.used > 1:  # each use needs a mask of its own
                raise InvalidValue(
                    f"a dropout layer must be used once by a network that is trained with others, got {name} "
                    f"used {layer.used} times",
                    remedy="give each use its own layer, or set trainer.together=false",
                )

    @classmethod
    def of(cls, build: Callable[[], nn.Module], seeds: Sequence[int], row: Tensor) -> "Replicas":
        """Build one network for each seed, from whose stream its dropout goes on drawing."""
        networks, generators = [], []
        for seed in seeds:
            torch.manual_seed(seed)
            networks.append(build())
            generators.append(torch.Generator(row.device).manual_seed(seed))
            if row.device.type == "cpu":  # the initial weights came from the same stream
                generators[-1].set_state(torch.get_rng_state())
        return cls(networks, generators, row)

    def losses(self, loss: Loss, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Return the loss (R,) of every network on its own images, labels and weights, each (R, b, ...).

        `loss` takes the scores of a batch, its labels and its weights.
        """

        def one(parameters: dict, buffers: dict, images: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
            return loss(functional_call(self._network, (parameters, buffers), (images,)), labels, weights)

        self._network.train()
        buffers = self.buffers | self._masks(batch[0].shape[1])
        return vmap(one)(self.parameters, buffers, *batch)

    def scores(self, images: Tensor) -> Tensor:
        """Return what every network, in its evaluation mode, makes of the same images, (R, b, classes)."""

        def one(parameters: dict, buffers: dict) -> Tensor:
            return functional_call(self._network, (parameters, buffers), (images,))

        self._network.eval()
        with torch.no_grad():
            return vmap(one)(self.parameters, self.buffers)

    def predict(self, batches: Iterable[Tensor]) -> ndarray:
        """Return the most likely class of every row by every network, int64 (R, m)."""
        classes = [self.scores(images).argmax(dim=2).cpu() for images in batches]
        return torch.cat(classes, dim=1).numpy()

    def _masks(self, size: int) -> dict[str, Tensor]:
        """Draw what every dropout layer lets through, in the order in which the layers would."""
        masks = {}
        for name, layer in self._dropouts.items():
            drawn = [torch.empty(size, *layer.shape, device=each.device) for each in self.generators]
            for mask, generator in zip(drawn, self.generators, strict=True):
                mask.bernoulli_(layer.keep, generator=generator)
            masks[f"{name}.mask"] = torch.stack(drawn).div_(layer.keep)
        return masks


class MaskedDropout(nn.Module):
    """Dropout by a mask drawn elsewhere: vmap would draw for all networks from one stream."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.keep, self.shape, self.used = 1 - p, torch.Size(), 0
        self.register_buffer("mask", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return x * self.mask
        self.shape, self.used = x.shape[1:], self.used + 1  # what a mask for one row must look like
        return x


def _with_masks(network: nn.Module) -> dict[str, MaskedDropout]:
    """Replace the dropout layers of `network`, and return those that drop something, by their names."""
    masked = {}
    for name, layer in list(network.named_modules()):
        if type(layer) is nn.Dropout:  # a subclass may do something else
            replacement = MaskedDropout(layer.p) if layer.p else nn.Identity()
            network.set_submodule(name, replacement)
            masked |= {name: replacement} if layer.p else {}
    return masked
