"""Keep the hard or the easy: rows far from, or close to, the prototype of their cluster by cosine.

The score is 1 - cos(row, centroid), the self-supervised prototype metric. Keep the hard where data are
plenty and the easy where they are scarce. Ranked over the whole set, as in the paper, one region can fill
the budget: on MNIST at 600 rows the easy end is a single digit (11 % accuracy) and the hard end reaches
71 to 77 %, so by default every cluster has an equal quota (`per_cluster`). Expect it to lose where length
matters as much as direction; there `nearest` and `furthest` measure the same thing by distance.

Reference: Sorscher et al., "Beyond neural scaling laws: beating power law scaling via data pruning",
NeurIPS 2022, section 6. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.selector._quota import check_budget, crowding, equal_quotas, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Prototype(Selector):
    """Select the rows whose direction is furthest from (`hard`) or closest to (`easy`) their centroid's.

    A row or a centroid of length 0 has no direction: its score is 1, that of a right angle.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.float32([[2, 0], [1, 1], [0, 3], [-1, 3]])
    >>> clustering = Clustering(
    ...     centroids=np.float32([[1, 0], [0, 1]]),
    ...     labels=np.array([0, 0, 1, 1]),
    ...     distances=np.array([1.0, 1.0, 2.0, 5**0.5]),
    ... )
    >>> rng = np.random.default_rng(0)
    >>> Prototype().select(X, np.zeros(4, int), clustering, budget=2, rng=rng).indices
    array([1, 3])
    """

    end: Literal["hard", "easy"] = "hard"
    per_cluster: bool = True

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        check_budget(budget, len(X))
        score = _angle_scores(X, clustering) * (1 if self.end == "easy" else -1)
        if self.per_cluster:
            quotas = equal_quotas(clustering.sizes, budget)
            rows = lowest_per_cluster(score, clustering.labels, quotas)
        else:
            rows = np.argsort(score, kind="stable")[:budget]
        return Subset.of(rows, crowding(clustering.sizes))


def _angle_scores(X: ndarray, clustering: Clustering) -> Float64[ndarray, " n"]:
    centroids = clustering.centroids.astype(np.float64)
    lengths = np.linalg.norm(centroids, axis=1)
    cosines = np.empty(len(X))
    for cluster, rows in enumerate(clustering.members):
        members = X[rows].astype(np.float64)
        products = np.linalg.norm(members, axis=1) * lengths[cluster]
        cosines[rows] = members @ centroids[cluster] / np.where(products > 0, products, 1)
    return 1 - cosines
