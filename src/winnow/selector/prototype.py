"""Keep hard or easy rows: those whose direction is far from, or close to, that of their cluster's centroid.

The score is 1 - cos(row, centroid), the self-supervised prototype metric. Keep the hard where data are
plenty and the easy where they are scarce. Ranked over the whole set, as in the paper, one region can fill
the budget: on MNIST at 600 rows the easy end is a single digit (11 % accuracy) and the hard end reaches
71 to 77 %, so by default every cluster has an equal quota (`per_cluster`). Expect it to lose where length
matters as much as direction; there `nearest` and `furthest` measure the same by distance.

Reference: Sorscher et al., "Beyond neural scaling laws: beating power law scaling via data pruning",
NeurIPS 2022, section 6. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from numpy.random import Generator

from winnow.pool import Pool
from winnow.rows.chunks import chunks_of
from winnow.selector._per_cluster import PerCluster
from winnow.selector._quota import check_budget
from winnow.types import Clustering, Subset


@dataclass(frozen=True)
class Prototype(PerCluster):
    """Select the rows whose direction is furthest from, or closest to, their centroid's.

    A row or a centroid of length 0 has no direction: its score is 1, that of a right angle.

    Parameters
    ----------
    end : {"hard", "easy"}
        Whether the rows furthest from their centroid's direction are kept, or the closest.
    per_cluster : bool
        Whether clusters share the budget evenly. If not, all rows are ranked together.

    Examples
    --------
    >>> X = np.float32([[2, 0], [1, 1], [0, 3], [-1, 3]])
    >>> clustering = Clustering(
    ...     centroids=np.float32([[1, 0], [0, 1]]),
    ...     labels=np.array([0, 0, 1, 1]),
    ...     distances=np.array([1.0, 1.0, 2.0, 5**0.5]),
    ... )
    >>> pool = Pool(4, X=X, clustering=clustering)
    >>> Prototype().select(pool, budget=2, rng=np.random.default_rng(0)).indices
    array([1, 3])
    """

    end: Literal["hard", "easy"] = "hard"
    per_cluster: bool = True

    needs = frozenset({"X", "clustering"})

    def score(self, pool: Pool, rng: Generator) -> Float64[ndarray, " n"]:
        return _angle_scores(pool.X, pool.clustering) * (1 if self.end == "easy" else -1)

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        if self.per_cluster:
            return super().select(pool, budget=budget, rng=rng)
        check_budget(budget, pool.n)
        rows = np.argsort(self.score(pool, rng), kind="stable")[:budget]
        return Subset.of(rows, pool.clustering.crowding)


def _angle_scores(X: ndarray, clustering: Clustering) -> Float64[ndarray, " n"]:
    centroids = clustering.centroids.astype(np.float64)
    lengths = np.linalg.norm(centroids, axis=1)
    cosines = np.empty(len(X))
    for part in chunks_of(X):
        rows, labels = X[part].astype(np.float64), clustering.labels[part]
        products = np.linalg.norm(rows, axis=1) * lengths[labels]
        along = np.einsum("nd,nd->n", rows, centroids[labels])
        cosines[part] = along / np.where(products > 0, products, 1)
    return 1 - cosines
