"""Named random streams: one independent generator for each (seed, repetition, stage).

Adding a stage, or drawing more in one of them, never shifts what another stage draws. That is what
makes a comparison *paired*: at repetition r every selector shares the initial weights, the batch order
and the augmentation with the baseline, and differs only in the rows it keeps.
"""

from typing import Literal
from zlib import crc32

from numpy.random import Generator, SeedSequence, default_rng

Stage = Literal["cluster", "select", "init", "order", "augment", "validation", "dynamics"]


def stream(seed: int, repetition: int, stage: Stage) -> Generator:
    """Return the generator of one stage of one repetition.

    >>> stream(0, 3, "select").integers(100) == stream(0, 3, "select").integers(100)
    np.True_
    """
    return default_rng(SeedSequence([seed, repetition, crc32(stage.encode())]))


def stream_seed(seed: int, repetition: int, stage: Stage) -> int:
    """Return a seed in [0, 2**31), the range that faiss, scikit-learn and torch all accept."""
    return int(stream(seed, repetition, stage).integers(2**31))
