"""Choose rows far from the rows chosen before, without looking at every row for every choice.

A row's squared distance to the nearest chosen row only falls while rows are chosen. So an old value is an
upper bound of the present one, and all rows need to be looked at only now and then, at many choices at once,
which makes it a product of matrices.
"""

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.geometry.distance import lower_to_nearest, squared_distances

_FEWEST_CANDIDATES, _SHARE_OF_CANDIDATES = 512, 64  # one row of 64, but not fewer than 512
_FEWEST_PROPOSALS, _MOST_PROPOSALS = 8, 1024


def farthest_first(
    X: Float32[ndarray, "n d"], first: int, count: int
) -> tuple[Int64[ndarray, " count"], Float64[ndarray, " count"]]:
    """Choose `first`, then always the row furthest from all chosen ones (ties: the lower row number).

    Returns the rows, and the squared distance of each to its nearest predecessor (the first: infinity). The
    greedy k-center choice: Gonzalez, 1985.

    The rows with the largest bounds are the candidates. The best of them is the best of all as long as its
    distance exceeds the bounds of all others. About n * count * d operations as products of float32
    matrices, and count * n * d / 64 in float64.

    >>> farthest_first(np.float32([[0], [1], [2], [9]]), 0, 3)
    (array([0, 3, 2]), array([inf, 81.,  4.]))
    """
    chosen, at = np.empty(count, dtype=np.int64), np.empty(count)
    squares = np.full(len(X), np.inf)
    done, row = 0, first
    while done < count and squares[row] > 0:
        candidates, outside = _candidates(squares, row)
        rows, near, begun = X[candidates], squares[candidates], done
        best = int(np.searchsorted(candidates, row))
        while done < count and (done == begun or near[best] > outside):
            chosen[done], at[done] = candidates[best], near[best]
            np.minimum(near, squared_distances(rows, X[chosen[done]]), out=near)
            near[best] = -1  # below the 0 of a duplicate
            done, best = done + 1, int(near.argmax())
        lower_to_nearest(squares, X, X[chosen[begun:done]])
        squares[chosen[begun:done]] = -1
        row = int(squares.argmax())
    chosen[done:], at[done:] = np.flatnonzero(squares == 0)[: count - done], 0  # only duplicates are left
    return chosen, at


def _candidates(squares: ndarray, row: int) -> tuple[Int64[ndarray, " m"], float]:
    """Return the rows with the largest values, and `row`, in order, and the largest value of the others."""
    count = max(_FEWEST_CANDIDATES, len(squares) // _SHARE_OF_CANDIDATES)
    if count >= len(squares):
        return np.arange(len(squares)), -np.inf
    order = np.argpartition(squares, len(squares) - count - 1)
    return np.union1d(order[-count:], row), float(squares[order[-count - 1]])


def draw_by_distance(X: Float32[ndarray, "n d"], count: int, rng: Generator) -> Int64[ndarray, " m"]:
    """Draw a row uniformly, then others in proportion to their squared distance to the nearest drawn row.

    Returns fewer than `count` rows if only duplicates of drawn rows are left. k-means++ sampling: Arthur and
    Vassilvitskii, SODA 2007.

    Rows are proposed in proportion to old distances, many at once, and accepted with the probability
    new / old, which is the same law (rejection sampling). About n * count * d operations as products of
    float32 matrices.

    >>> sorted(draw_by_distance(np.float32([[0], [0], [9]]), 3, np.random.default_rng(0)).tolist())[-1]
    2
    """
    drawn = [int(rng.integers(len(X)))] if count else []
    squares = np.full(len(X), np.inf)
    done = 0
    while len(drawn) < count:
        lower_to_nearest(squares, X, X[drawn[done:]])
        done = len(drawn)
        if not (total := squares.sum()) > 0:
            break
        proposals = min(max(done, _FEWEST_PROPOSALS), _MOST_PROPOSALS)
        proposed = rng.choice(len(X), proposals, p=squares / total)
        drawn += _accepted(X[proposed], squares[proposed], proposed, rng)[: count - done]
    return np.array(drawn, dtype=np.int64)


def _accepted(X: ndarray, old: ndarray, rows: ndarray, rng: Generator) -> list[int]:
    """Return the proposed rows that are accepted, each with the probability new / old of its distances."""
    new, accepted = old.copy(), []
    for position, chance in enumerate(rng.random(len(rows))):
        if chance * old[position] < new[position]:
            accepted.append(int(rows[position]))
            np.minimum(new, squared_distances(X, X[position]), out=new)
    return accepted
