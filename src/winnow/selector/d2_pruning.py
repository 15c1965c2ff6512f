"""Keep difficult rows with difficult neighbours, but not next to each other: D2 pruning.

Rows are the nodes of a graph that joins each to its nearest others in the embedding. Difficulty (`el2n`)
is passed on once, so that a row in a difficult region gains over a single difficult one; then the row with
the highest score is kept, again and again, and every time its neighbours lose by how near they are:

    s_i += sum over neighbours j of e_ij s_j;   keep the highest i, then s_j -= e_ij^gamma s_i
    e_ij = exp(-(d_ij / median neighbour distance)^2)

The kept rows are spread over the data, but they are difficult ones: expect it to win at large budgets and to
lose to a uniform subset at small ones (MNIST, 600 of 60,000 images: 63 % against 96 %, n=3) and under label
noise. Not to be confused with `d2_sampling`, which draws by distance alone.

Reference: Maharana, Yadav and Bansal, "D2 pruning: message passing for balancing diversity and difficulty in
data pruning", ICLR 2024, section 3. https://arxiv.org/abs/2310.07931 - which tunes the number of neighbours
and gamma for each pruning rate; here they are fixed and not tuned, and distances have no unit.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace
from typing import Annotated

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.geometry.neighbours import nearest_neighbours
from winnow.pool import Pool, Scale
from winnow.selector._cost import warn_if_large, warn_of_neighbours
from winnow.selector._dynamics_scores import el2n
from winnow.selector._quota import check_budget
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class D2Pruning(Selector):
    """Select greedily by difficulty, which neighbours add to and kept neighbours subtract from.

    Equal values fall to the lower row number. The time grows with n^2 (see `exact`), hardly with the budget;
    the memory with n times `neighbours`.

    Parameters
    ----------
    neighbours : int
        Nearest neighbours to which each row is joined.
    gamma : float
        Exponent of the similarity by which neighbours of a kept row lose: a small one keeps rows further
        apart.
    exact : bool
        Whether the nearest neighbours are found by comparing all pairs, in a time that grows with n^2; else
        nearly all are found, in a time that grows with n^1.5.

    Examples
    --------
    >>> from winnow.types import Dynamics
    >>> X, y = np.float32([[0], [1], [9], [10]]), np.zeros(4, int)
    >>> dynamics = Dynamics(np.float32([[[0, 3], [0, 2], [1, 0], [0, 0]]]))  # two hard rows, two easier ones
    >>> pool = Pool(4, X=X, y=y, dynamics=dynamics)
    >>> selector = D2Pruning(neighbours=1, gamma=0.1)
    >>> selector.select(pool, budget=2, rng=np.random.default_rng(0)).indices
    array([0, 3])
    """

    neighbours: Annotated[int, Field(ge=1)] = 10
    gamma: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    exact: bool = True

    needs = frozenset({"X", "y", "dynamics"})

    def warn_of_cost(self, scale: Scale) -> None:
        warn_if_large(scale, copies=4, neighbours=self.neighbours)
        warn_of_neighbours(scale, "selector=el2n, which looks for no neighbours", exact=self.exact)

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        near, distances = nearest_neighbours(pool.X, self.neighbours, exact=self.exact)
        scale = np.median(distances) if distances.size else 0.0
        squares = np.square(distances / (scale if scale > 0 else 1.0))
        score = el2n(pool.dynamics, pool.y)
        score = score + (np.exp(-squares) * score[near]).sum(axis=1)
        return Subset.of(_spread(score, near, np.exp(-self.gamma * squares), budget))


def _spread(
    score: Float64[ndarray, " n"],
    near: Int64[ndarray, "n count"],
    strength: Float64[ndarray, "n count"],
    budget: int,
) -> Int64[ndarray, " budget"]:
    """Return the rows that are kept one after the other, each lowering the scores of its neighbours.

    A heap holds an upper bound of the score of every row. A row whose score is below the bound with which it
    is popped goes back with its score; equal ones are popped by row number, as by argmax.
    """
    scores, kept = score.tolist(), np.empty(budget, dtype=np.int64)
    bounds = [(-each, row) for row, each in enumerate(scores)]
    heapify(bounds)
    for position in range(budget):
        negated, row = bounds[0]
        while negated != -scores[row]:
            heapreplace(bounds, (-scores[row], row))
            negated, row = bounds[0]
        heappop(bounds)
        kept[position] = row
        losses = strength[row] * scores[row]
        scores[row] = -np.inf
        for neighbour, loss in zip(near[row].tolist(), losses.tolist(), strict=True):
            scores[neighbour] -= loss
            if loss < 0:  # a negative score lifts its neighbours
                heappush(bounds, (-scores[neighbour], neighbour))
    return kept
