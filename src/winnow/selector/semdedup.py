"""Drop near-duplicates: rows nearly parallel to another row of their cluster (SemDeDup).

Within a cluster rows are taken in order, the furthest from the centroid first; a row is a duplicate if its
cosine with any row before it exceeds a threshold. The threshold is the one at which exactly the budget is
left, so nothing is tuned. Expect it to win on web-scale data full of near-copies, at large budgets; on
clean data it drops dense and typical rows and keeps unusual ones, like `furthest`. It needs far fewer
clusters than rows to keep: with k = budget only the first row of each cluster is left.

Reference: Abbas et al., "SemDeDup: data-efficient learning at web-scale through semantic deduplication",
2023, section 3. https://arxiv.org/abs/2303.09540
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from numpy.random import Generator
from threadpoolctl import threadpool_limits

from winnow.pool import Pool, Scale
from winnow.selector._cost import warn_of_pairs_in_clusters
from winnow.selector._quota import check_budget
from winnow.selector._rows_by_group import rows_by_group
from winnow.stages import Selector
from winnow.types import Subset

_PAIRS_AT_ONCE = 2**22


@dataclass(frozen=True)
class SemDeDup(Selector):
    """Select the rows least parallel to any row before them in their cluster.

    A row of length 0 is at a right angle to all others. Rows that repeat others equally, as the first rows of
    all clusters do, are in random order. The time grows with n times the size of a cluster, whatever the
    budget; the memory with n.

    Parameters
    ----------
    keep : {"hard", "easy"}
        Which row of a group of duplicates comes first: the one furthest from the centroid (as published) or
        the nearest.

    Examples
    --------
    >>> X = np.float32([[4, 0], [3, 0], [0, 2], [0, 1]])
    >>> from winnow.types import Clustering
    >>> clustering = Clustering(
    ...     centroids=np.float32([[2, 1]]),
    ...     labels=np.array([0, 0, 0, 0]),
    ...     distances=np.array([5**0.5, 2**0.5, 5**0.5, 2.0]),
    ... )
    >>> pool = Pool(4, X=X, clustering=clustering)
    >>> SemDeDup().select(pool, budget=2, rng=np.random.default_rng(0)).indices
    array([0, 2])
    """

    keep: Literal["hard", "easy"] = "hard"

    needs = frozenset({"X", "clustering"})

    def warn_of_cost(self, scale: Scale) -> None:
        warn_of_pairs_in_clusters(scale, "selector=furthest")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        X, clustering = pool.X, pool.clustering
        order = clustering.distances * (1 if self.keep == "easy" else -1)
        redundancy = np.empty(pool.n)
        with threadpool_limits(1):
            for rows, members in rows_by_group(X, clustering.members):
                first_to_last = np.argsort(order[rows], kind="stable")
                redundancy[rows[first_to_last]] = _largest_cosine_with_earlier(members[first_to_last])
        by_redundancy = np.lexsort((rng.random(pool.n), redundancy))
        left_out = redundancy[by_redundancy[budget:]]
        notes = {"threshold": float(left_out[0]) if len(left_out) else 1.0}
        return Subset.of(by_redundancy[:budget], clustering.crowding | notes)


def _largest_cosine_with_earlier(X: ndarray) -> Float64[ndarray, " n"]:
    """Return -1 for the first row: it repeats nothing."""
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    directions = X / np.where(lengths > 0, lengths, 1)
    largest = np.full(len(X), -1.0)
    step = max(_PAIRS_AT_ONCE // max(len(X), 1), 1)
    for start in range(0, len(X), step):
        stop = min(start + step, len(X))
        cosines = directions[start:stop] @ directions[:stop].T
        later = np.arange(stop) >= np.arange(start, stop)[:, None]
        cosines[later] = -1
        largest[start:stop] = cosines.max(axis=1)
    return largest
