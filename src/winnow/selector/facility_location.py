"""Keep rows that are similar to as many others as possible: facility location.

The kept set S maximises the sum over all rows of their similarity to the most similar row of S. The sum is
submodular, so adding the best row at each step reaches at least 63 % of the optimum, and a row's gain can
only shrink, so most rows need not be looked at again (lazy greedy). Dense regions are served first, and
each only once. Expect it near `nearest`: good at small budgets, a little below random at middling ones
(MNIST at 600 rows: half a point to a point), where it underrates the tails.

Similarities reach as far as each row's nearest neighbours; beyond them they count as 0, which makes the
matrix sparse. At small budgets, where one kept row has to stand for more rows than that, raise
`neighbours`.

Reference: Mirzasoleiman, Bilmes and Leskovec, "Coresets for data-efficient training of machine learning
models", ICML 2020. https://arxiv.org/abs/1906.01827; lazy greedy: Minoux, 1978.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Annotated

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.geometry.neighbours import nearest_neighbours
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Clustering, Subset

if TYPE_CHECKING:
    from scipy.sparse import csc_array


@dataclass(frozen=True)
class FacilityLocation(Selector):
    """Select greedily by facility location over the nearest neighbours' graph, blind to clusters.

    The similarity of a row to itself is 1, to a neighbour exp(-distance^2 / 2 scale^2), where the scale is
    the median distance to a neighbour. Nothing is random, budgets nest, and duplicates come last.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.float32([[0], [1], [2], [9]]), np.zeros(4, int)
    >>> selector = FacilityLocation(neighbours=2)
    >>> selector.select(X, y, None, budget=2, rng=np.random.default_rng(0)).indices
    array([1, 3])
    """

    needs_clustering = False
    needs_embedding = True

    neighbours: Annotated[int, Field(ge=1)] = 64

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering | None,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        check_budget(budget, len(X))
        similarity = _similarities(X, self.neighbours)
        served = np.zeros(len(X))
        gains = np.asarray(similarity.sum(axis=0))
        # The heap holds upper bounds: what each row was worth when it was last looked at.
        heap = [(-gain, row) for row, gain in enumerate(gains.tolist())]
        heapify(heap)
        kept: list[int] = []
        while len(kept) < budget:
            _, row = heappop(heap)
            column = slice(similarity.indptr[row], similarity.indptr[row + 1])
            customers, similarities = similarity.indices[column], similarity.data[column]
            gain = float(np.maximum(similarities - served[customers], 0).sum())
            if heap and (-gain, row) > heap[0]:
                heappush(heap, (-gain, row))
            else:
                kept.append(row)
                served[customers] = np.maximum(served[customers], similarities)
        return Subset.of(np.array(kept, dtype=np.int64))


def _similarities(X: ndarray, count: int) -> "csc_array":
    """Return the similarity of row i to its neighbour or itself j at [i, j], zero elsewhere."""
    from scipy.sparse import csc_array

    n = len(X)
    neighbours, distances = nearest_neighbours(X, count)
    apart = distances[distances > 0]
    scale = np.median(apart) if len(apart) else 1.0
    similarities = np.exp(-0.5 * (distances / scale) ** 2)
    rows = np.repeat(np.arange(n), neighbours.shape[1])
    everyone = np.arange(n)
    return csc_array(
        (
            np.concatenate([similarities.ravel(), np.ones(n)]),
            (np.concatenate([rows, everyone]), np.concatenate([neighbours.ravel(), everyone])),
        ),
        shape=(n, n),
    )
