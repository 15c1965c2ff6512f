"""Refuse numbers that are none."""

from collections.abc import Sequence

import numpy as np
from numpy import ndarray

from winnow.errors import InvalidValue


def require_finite(name: str, values: ndarray, steps: Sequence[int]) -> None:
    """Refuse NaN and infinity: MLflow would quietly store the latter as 1.8e308.

    >>> require_finite("loss", np.array([0.5, np.nan]), [0, 1])
    Traceback (most recent call last):
    winnow.errors.InvalidValue: metric 'loss' must be finite, got nan at step 1
    """
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise InvalidValue(
            f"metric {name!r} must be finite, got {values[wrong[0]]} at step {steps[int(wrong[0])]}"
        )
