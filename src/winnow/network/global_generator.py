"""Let libraries that draw from torch's global generator draw from a named stream."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@contextmanager
def seeded_from(generator: "torch.Generator") -> Iterator[None]:
    """Seed torch's global generator of the CPU from `generator` for the block, as torchvision needs it.

    Only that one is seeded and set back: the one of a GPU goes on with what dropout draws.

    >>> import torch
    >>> draws = []
    >>> for _ in range(2):
    ...     with seeded_from(torch.Generator().manual_seed(0)):
    ...         draws.append(torch.rand(()))
    >>> draws[0] == draws[1]
    tensor(True)
    """
    import torch

    seed = int(torch.randint(2**31, (), generator=generator, device=generator.device))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
