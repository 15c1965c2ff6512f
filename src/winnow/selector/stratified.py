"""Keep a random subset in which every class has its share of the rows.

The fair baseline for selectors that read labels: it removes the luck of the draw between classes. It
gains where a class could be missed altogether (MNIST: 2 to 5 points up to 100 rows, nothing from 200 on)
and, because it reads the label of every row, it cannot be used where labelling is what costs.

Reference: Cochran, "Sampling techniques", 3rd edition, 1977, chapter 5 (proportional allocation).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.selector._quota import lowest_per_cluster, proportional_quotas
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Stratified(Selector):
    """Select rows at random within classes, in proportion to class size (largest remainder).

    A class whose share rounds to zero is left out.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.zeros((6, 1), np.float32), np.array([0, 0, 0, 0, 1, 1])
    >>> kept = Stratified().select(X, y, None, budget=3, rng=np.random.default_rng(0))
    >>> y[kept.indices]
    array([0, 0, 1])
    """

    needs_clustering = False
    reads_all_labels = True

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering | None,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        quotas = proportional_quotas(np.bincount(y).astype(np.int64), budget)
        return Subset.of(lowest_per_cluster(rng.random(len(y)), y, quotas))
