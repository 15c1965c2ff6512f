"""Keep moderate rows: those whose distance to the centre of their class is close to the class's median.

Near rows are redundant and far ones noisy, so those between should serve every budget and every kind of
data. It reads all labels, since the centre is a class's and not a cluster's. Expect it about as good as
random or a little worse on clean data (MNIST at 600 rows: a point), better under label noise, and worse
than `furthest` where data are plenty and clean.

Reference: Xia et al., "Moderate coreset: a universal method of data selection for real-world
data-efficient deep learning", ICLR 2023, section 3.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from numpy.random import Generator

from winnow.geometry.distance import squared_distances
from winnow.pool import Pool
from winnow.selector._quota import lowest_per_cluster, proportional_quotas
from winnow.selector._rows_by_group import rows_by_group
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class Moderate(Selector):
    """Select the rows least far from the median distance to their class's centre, in proportion to classes.

    The centre is the median of every coordinate, as in the authors' code. A class of one keeps its row. The
    time grows with n log n, whatever the budget; the memory with n, and with the rows of the largest class.

    Examples
    --------
    >>> X, y = np.float32([[0], [1], [2], [5], [9]]), np.zeros(5, int)  # distances 2, 1, 0, 3, 7 to 2
    >>> Moderate().select(Pool(5, X=X, y=y), budget=3, rng=np.random.default_rng(0)).indices
    array([0, 1, 3])
    """

    needs = frozenset({"X", "y"})

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        quotas = proportional_quotas(np.bincount(pool.y), budget)
        return Subset.of(lowest_per_cluster(_distance_from_median(pool.X, pool.y), pool.y, quotas))


def _distance_from_median(X: ndarray, y: ndarray) -> Float64[ndarray, " n"]:
    """Return how far each row's distance to its class's centre is from the median of these distances."""
    score = np.empty(len(X))
    of_class = [np.flatnonzero(y == label) for label in np.unique(y)]
    for rows, members in rows_by_group(X, of_class):
        distances = np.sqrt(squared_distances(members, np.median(members, axis=0)))
        score[rows] = np.abs(distances - np.median(distances))
    return score
