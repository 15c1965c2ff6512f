"""Which of the rows that are not kept yet to ask for next, by what a network makes of them.

Each function returns places among those rows, in the order in which they are asked for.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.pool import Pool
from winnow.selector import _uncertainty as uncertainty
from winnow.selector._quota import ranks_per_cluster, top_up
from winnow.selector.typicality import Typicality
from winnow.types import Predictions

Query = Literal["margin", "entropy", "least_confidence", "badge", "typiclust", "random"]
NEEDS = {"typiclust": Typicality().needs}
"""What a query reads of the pool besides the predictions of the network."""
_SAME = 1e-12  # squared distances below this part of the squared norms are rounding errors


def ask(
    query: Query,
    pool: Pool,
    predictions: Predictions,
    kept: Int64[ndarray, " m"],
    others: Int64[ndarray, " l"],
    count: int,
    rng: Generator,
    score: Float64[ndarray, " _"],
) -> Int64[ndarray, " count"]:
    """Return `count` of the `others`, the rows of the pool that may be asked for.

    `score` is what `typicality_of` returns: it takes long, and is the same in every round.
    """
    of_others = predictions.take(others)
    p = of_others.probabilities.astype(np.float64)
    match query:
        case "margin":
            places = np.argsort(uncertainty.margin(p), kind="stable")[:count]
        case "entropy":
            places = np.argsort(-uncertainty.entropy(p), kind="stable")[:count]
        case "least_confidence":
            places = np.argsort(-uncertainty.least_confidence(p), kind="stable")[:count]
        case "badge":
            features = np.asarray(of_others.features, np.float64)
            places = top_up(badge(p, features, count, rng).tolist(), len(others), count, rng)
        case "typiclust":
            return typical_of_uncovered(score, pool.clustering.labels, kept, others)[:count]
        case "random":
            places = rng.choice(len(others), count, replace=False)
    return others[places]


def typicality_of(query: Query, pool: Pool, rng: Generator) -> Float64[ndarray, " _"]:
    """Return how typical every row is, the lowest the most, for the query that reads it; else nothing."""
    return Typicality().score(pool, rng) if query == "typiclust" else np.empty(0)


def badge(
    p: Float64[ndarray, "n classes"], features: Float64[ndarray, "n d"], count: int, rng: Generator
) -> Int64[ndarray, " m"]:
    """Draw rows by k-means++ on the gradients of their losses, were the most probable class the right one.

    The gradient by the weights of the last layer is the outer product of p - onehot(argmax p) and the
    features that the layer reads: long where the network is unsure, and in another direction for other
    features (Ash et al. 2020, algorithm 1). The longest comes first, as in the code of the authors; the
    others are drawn in proportion to their squared distance to the nearest drawn one. Fewer than `count`
    are returned if only duplicates of drawn rows are left.

    No outer product is made: the inner product of two gradients is that of the one times that of the other
    factor. So the time grows with n * count * (classes + d), and the memory with n.

    >>> p = np.array([[0.5, 0.5], [1.0, 0.0], [0.5, 0.5]])
    >>> badge(p, np.array([[2.0], [9.0], [2.0]]), 3, np.random.default_rng(0))
    array([0, 1])
    """
    residuals = p.copy()
    residuals[np.arange(len(p)), p.argmax(axis=1)] -= 1
    norms = np.square(residuals).sum(axis=1) * np.square(features).sum(axis=1)
    drawn: list[int] = []
    nearest = norms
    while len(drawn) < min(count, len(p)):
        if drawn and not nearest.sum() > 0:
            break
        row = int(rng.choice(len(p), p=nearest / nearest.sum())) if drawn else int(norms.argmax())
        inner = (residuals @ residuals[row]) * (features @ features[row])
        squares = norms + norms[row] - 2 * inner
        squares[squares < _SAME * (norms + norms[row])] = 0
        nearest = np.minimum(nearest, squares) if drawn else squares
        nearest[row] = 0
        drawn.append(row)
    return np.array(drawn, dtype=np.int64)


def typical_of_uncovered(
    score: Float64[ndarray, " n"],
    labels: Int64[ndarray, " n"],
    kept: Int64[ndarray, " m"],
    others: Int64[ndarray, " l"],
) -> Int64[ndarray, " l"]:
    """Return `others` in the order of TypiClust: always from the largest cluster with the fewest kept rows.

    Of a cluster, the row with the lowest score comes first. Clusters of five rows or fewer come last
    (Hacohen et al. 2022, section 3, and the code of the authors).

    >>> labels = np.repeat([0, 1, 2], [8, 7, 6])
    >>> typical_of_uncovered(np.zeros(21), labels, np.array([0]), np.arange(1, 21))[:4]
    array([ 8, 15,  1,  9])
    """
    sizes = np.bincount(labels)
    covered = np.bincount(labels[kept], minlength=len(sizes))
    clusters = labels[others]
    level = covered[clusters] + ranks_per_cluster(score[others], clusters)
    small = sizes < Typicality().smallest_cluster
    return others[np.lexsort((clusters, -sizes[clusters], level, small[clusters]))]
