"""Keep every row: the ceiling a subset is measured against.

No subset can be expected to beat it given equally many rows to learn from per step and enough steps;
where one does, by dropping noise, that is worth a second look. It loses on cost alone.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.errors import InvalidValue
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Full(Selector):
    """Select all rows; the only budget it can meet is their number.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.zeros((3, 1), np.float32), np.zeros(3, int)
    >>> Full().select(X, y, None, budget=3, rng=np.random.default_rng(0)).indices
    array([0, 1, 2])
    """

    needs_clustering = False
    keeps_everything = True

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering | None,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        if budget != len(X):
            raise InvalidValue(
                f"budget must equal the number of rows, {len(X)}, got {budget}",
                where="selector=full",
                remedy="choose another selector to keep fewer rows",
            )
        return Subset.of(np.arange(len(X)))
