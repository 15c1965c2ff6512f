"""Labels and logits at random, for selectors whose time does not depend on what they are."""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.random import default_rng

from winnow.types import Dynamics

CLASSES, EPOCHS = 10, 5
# Those that choose by a network of their own, or by a file, and those that hand all over to another.
LEFT_OUT = ("full", "from_file", "per_class", "rounds", "truncated")


def made_up(n: int, needs: Collection[str]) -> dict[str, Any]:
    """Return what a selector needs of n rows besides their embedding and clusters, as parts of a `Pool`.

    >>> sorted(made_up(3, {"X", "y", "dynamics"}))
    ['dynamics', 'y']
    """
    rng = default_rng(0)
    y = rng.integers(CLASSES, size=n)
    parts: dict[str, Any] = {}
    if "y" in needs:
        parts["y"] = y
    if "labels_of_kept" in needs:
        from winnow.pool import LabelsOfKept  # earlier versions do not have it

        parts["labels_of_kept"] = LabelsOfKept(n, y)
    if "dynamics" in needs:
        logits = rng.standard_normal((EPOCHS, n, CLASSES), np.float32)
        norms = rng.random(n, np.float32) if "gradient_norms" in needs else None
        parts["dynamics"] = Dynamics(logits, norms)
        if norms is not None:
            parts["gradient_norms"] = norms
    return parts
