"""Says what choosing from very many rows will take, before anything is computed, and what to do instead."""

import warnings

from winnow.errors import WinnowWarning
from winnow.pool import Scale
from winnow.stages import Selector

# Coordinates per second on one core of a busy machine: of all pairs, in tiles; of pairs in near cells, for
# which n^1.5 stands; of all rows, again and again, or for a block of candidates at a time.
_OF_PAIRS = 2.5e10
_OF_PAIRS_IN_CLUSTERS = 1.5e10
_OF_NEAR_PAIRS = 1e8
_OF_LOOKS = 1.5e9
_OF_LOOKS_IN_BLOCKS = 1e10
_WORTH_A_WORD = 300  # seconds
_LARGE = 2**31  # bytes
_OF_A_NEIGHBOUR = 90  # bytes
_IN_CHUNKS = "random, nearest, furthest, prototype, semdedup, density and stratified read them in chunks"


def warn_if_long(seconds: float, what: str, instead: str) -> None:
    """Warn if `what` takes more than five minutes, for which there is the remedy `instead`.

    >>> warn_if_long(299.0, "counting", "fewer rows")
    """
    if seconds > _WORTH_A_WORD:
        said = f"{what} takes about {seconds / 60:,.0f} minutes on one core | quicker: {instead}"
        warnings.warn(said, WinnowWarning, stacklevel=3)


def warn_of_neighbours(scale: Scale, instead: str, *, exact: bool) -> None:
    """Warn if finding the neighbours of all rows takes more than five minutes.

    Exact ones can be found approximately, and that can be replaced by `instead`.
    """
    if exact:
        what, instead = f"comparing all pairs of {scale.n:,} rows", "selector.exact=false"
        warn_if_long(seconds_of_all_pairs(scale), what, instead)
    else:
        seconds = scale.n**1.5 * scale.d / _OF_NEAR_PAIRS
        warn_if_long(seconds, f"searching the neighbours of {scale.n:,} rows", instead)


def seconds_of_all_pairs(scale: Scale) -> float:
    """Return what comparing all pairs of rows takes.

    >>> seconds_of_all_pairs(Scale(1_000_000, d=64, budget=10_000, k=10_000))
    2560.0
    """
    return seconds_of_pairs(scale.n, scale.n, scale.d)


def seconds_of_pairs(n: int, m: int, d: int) -> float:
    """Return what comparing each of n rows of d coordinates with each of m others takes.

    >>> seconds_of_pairs(1_000_000, 150_000, 64)
    384.0
    """
    return n * m * d / _OF_PAIRS


def warn_of_pairs_in_clusters(scale: Scale, instead: str) -> None:
    """Warn if comparing all pairs of rows of the same cluster takes more than five minutes.

    >>> warn_of_pairs_in_clusters(Scale(10_000_000, d=64, budget=10_000, k=10_000), "selector=nearest")
    """
    n, k = scale.n, scale.k
    what = f"comparing the {n // k:,} rows of each of {k:,} clusters"
    warn_if_long(n * (n / k) * scale.d / _OF_PAIRS_IN_CLUSTERS, what, f"more clusters (k), or {instead}")


def seconds_of_looks(scale: Scale) -> float:
    """Return what a look at all rows takes for every row that is kept.

    >>> round(seconds_of_looks(Scale(1_000_000, d=64, budget=10_000, k=10_000)))
    427
    """
    return scale.budget * scale.n * scale.d / _OF_LOOKS


def seconds_of_looks_in_blocks(scale: Scale) -> float:
    """Return what that takes where rows are looked at for a block of candidates at a time.

    >>> seconds_of_looks_in_blocks(Scale(1_000_000, d=64, budget=10_000, k=10_000))
    64.0
    """
    return scale.budget * scale.n * scale.d / _OF_LOOKS_IN_BLOCKS


def warn_if_large(scale: Scale, copies: int, *, neighbours: int = 0) -> None:
    """Warn if so many copies of all embedded rows in single precision are more than 2 GiB of memory.

    With them so many neighbours of each row, at some 90 bytes: numbers, distances, and what is made of them.

    >>> warn_if_large(Scale(1_000_000, d=64, budget=10_000, k=10_000), copies=4)
    """
    size = scale.n * (copies * scale.d * 4 + neighbours * _OF_A_NEIGHBOUR)
    if size > _LARGE:
        held = f"{copies} copies of {scale.n:,} embedded rows"
        held += f" and {neighbours} neighbours of each" if neighbours else ""
        what = f"{held} are in memory at once, about {size / 2**30:.0f} GiB"
        warnings.warn(f"{what} | {_IN_CHUNKS}", WinnowWarning, stacklevel=3)


def warn_of_inner(inner: Selector, scale: Scale, instead: str, *, where: str | None = None) -> None:
    """Warn of what a selector takes that works inside of another, with the remedy that holds there.

    Its own remedy would be a setting of its own, and inside of another it has its defaults. `where` says of
    which rows this is true.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        inner.warn_of_cost(scale)
    for each in said:
        what = str(each.message).partition(" | ")[0]
        warnings.warn(
            f"{where}: {what} | {instead}" if where else f"{what} | {instead}", WinnowWarning, stacklevel=3
        )
