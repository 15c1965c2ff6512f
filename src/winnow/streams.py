"""Named random streams: one independent generator for each (seed, repetition, stage).

Adding a stage, or drawing more in one of them, never shifts what another stage draws. That is what
makes a comparison *paired*: at repetition r every selector shares the initial weights, the batch order
and the augmentation with the baseline, and differs only in the rows it keeps.
"""

from dataclasses import dataclass
from typing import Literal
from zlib import crc32

from numpy.random import Generator, SeedSequence, default_rng

Stage = Literal["cluster", "select", "init", "order", "augment", "validation", "dynamics"]


@dataclass(frozen=True)
class Streams:
    """The random streams of one repetition.

    Parameters
    ----------
    base_seed : int
        The seed of the whole experiment, at least 0.
    repetition : int
        Which repetition of it, at least 0.

    Examples
    --------
    >>> Streams(0, 3).seed("init") == Streams(0, 3).seed("init") != Streams(0, 4).seed("init")
    True
    """

    base_seed: int
    repetition: int

    def rng(self, stage: Stage) -> Generator:
        """Return a new generator at the beginning of the stream of `stage`."""
        return default_rng(SeedSequence([self.base_seed, self.repetition, crc32(stage.encode())]))

    def seed(self, stage: Stage) -> int:
        """Return a seed in [0, 2**31), the range that faiss, scikit-learn and torch all accept."""
        return int(self.rng(stage).integers(2**31))


def stream(seed: int, repetition: int, stage: Stage) -> Generator:
    """Return the generator of one stage of one repetition.

    >>> stream(0, 3, "select").integers(100) == stream(0, 3, "select").integers(100)
    np.True_
    """
    return Streams(seed, repetition).rng(stage)


def stream_seed(seed: int, repetition: int, stage: Stage) -> int:
    """Return a seed in [0, 2**31), the range that faiss, scikit-learn and torch all accept."""
    return Streams(seed, repetition).seed(stage)
