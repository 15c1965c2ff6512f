"""Says beforehand what comparing all pairs of very many rows will take, and what to do instead."""

import warnings

from winnow.errors import WinnowWarning

_PAIRS_PER_SECOND = 4e10  # times the number of coordinates; one core of a busy machine
_WORTH_A_WORD = 300  # seconds


def warn_if_long(n: int, d: int, instead: str, passes: int = 1) -> None:
    """Warn if comparing all pairs of n rows of d coordinates takes more than five minutes.

    `passes` of these comparisons, for which there is the remedy `instead`.

    >>> warn_if_long(60_000, 64, "fewer rows")
    """
    seconds = passes * n**2 * d / _PAIRS_PER_SECOND
    if seconds > _WORTH_A_WORD:
        what = f"comparing all pairs of {n:,} rows takes about {seconds / 60:,.0f} minutes on one core"
        warnings.warn(f"{what} | quicker: {instead}", WinnowWarning, stacklevel=3)
