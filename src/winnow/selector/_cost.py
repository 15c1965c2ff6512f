"""Says what choosing from very many rows will take, before anything is computed, and what to do instead."""

import warnings

from winnow.errors import WinnowWarning

_PAIRS_PER_SECOND = 4e10  # times the number of coordinates; one core of a busy machine
_WORTH_A_WORD = 300  # seconds
_LARGE = 2**31  # bytes
_IN_CHUNKS = "random, nearest, furthest, prototype, semdedup, density and stratified read them in chunks"


def warn_if_long(n: int, d: int, instead: str, passes: int = 1) -> None:
    """Warn if comparing all pairs of n rows of d coordinates takes more than five minutes.

    `passes` of these comparisons, for which there is the remedy `instead`.

    >>> warn_if_long(60_000, 64, "fewer rows")
    """
    seconds = passes * n**2 * d / _PAIRS_PER_SECOND
    if seconds > _WORTH_A_WORD:
        what = f"comparing all pairs of {n:,} rows takes about {seconds / 60:,.0f} minutes on one core"
        warnings.warn(f"{what} | quicker: {instead}", WinnowWarning, stacklevel=3)


def warn_if_large(n: int, d: int, copies: int) -> None:
    """Warn if so many copies of n rows of d values in single precision are more than 2 GiB of memory.

    >>> warn_if_large(1_000_000, 64, copies=4)
    """
    size = copies * n * d * 4
    if size > _LARGE:
        what = f"{copies} copies of {n:,} embedded rows are in memory at once, about {size / 2**30:.0f} GiB"
        warnings.warn(f"{what} | {_IN_CHUNKS}", WinnowWarning, stacklevel=3)
