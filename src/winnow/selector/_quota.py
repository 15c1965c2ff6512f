"""Share a budget among clusters or classes, and keep the rows with the lowest scores of each.

All quotas add up to the budget, and none exceeds the rows of its cluster; clusters may be empty.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.errors import InvalidValue


def check_budget(budget: int, n: int) -> None:
    """Refuse a budget that `n` rows cannot meet.

    >>> check_budget(121, 120)
    Traceback (most recent call last):
    winnow.errors.InvalidValue: budget must lie in [0, 120], got 121
    """
    if not 0 <= budget <= n:
        raise InvalidValue(f"budget must lie in [0, {n}], got {budget}")


def equal_quotas(sizes: Int64[ndarray, " k"], budget: int) -> Int64[ndarray, " k"]:
    """Raise one common level until the budget is spent (water-filling).

    A cluster below the level is kept whole and its unused share goes to the others; the last few rows,
    too few to raise the level by one, go to the largest clusters (ties: the lower cluster number).

    >>> equal_quotas(np.array([5, 1, 5, 0]), budget=8)
    array([4, 1, 3, 0])
    """
    check_budget(budget, int(sizes.sum()))
    largest_first = np.argsort(-sizes, kind="stable")
    smallest_first = largest_first[::-1]
    ascending = sizes[smallest_first]
    rows_below = ascending.cumsum() - ascending
    rows_to_fill = rows_below + ascending * np.arange(len(sizes), 0, -1)
    whole = int(np.searchsorted(rows_to_fill, budget, side="right"))
    if whole == len(sizes):
        return sizes.copy()

    sharing = len(sizes) - whole
    level, left_over = divmod(budget - int(rows_below[whole]), sharing)
    quotas = np.minimum(sizes, level)
    quotas[largest_first[:left_over]] += 1
    return quotas


def proportional_quotas(sizes: Int64[ndarray, " k"], budget: int) -> Int64[ndarray, " k"]:
    """Give each cluster its share of the rows, rounded by largest remainder (ties: the lower number).

    >>> proportional_quotas(np.array([60, 30, 10]), budget=5)
    array([3, 2, 0])
    """
    n = int(sizes.sum())
    check_budget(budget, n)
    if n == 0:
        return sizes.copy()
    # A cluster with a remainder has a fractional share below its size, so rounding it up still fits.
    quotas, remainders = np.divmod(sizes * budget, n)
    largest_remainder_first = np.argsort(-remainders, kind="stable")
    quotas[largest_remainder_first[: budget - int(quotas.sum())]] += 1
    return quotas


def covering_quotas(sizes: Int64[ndarray, " k"], budget: int) -> Int64[ndarray, " k"]:
    """Give every cluster that holds rows one, then share the rest in proportion to the rows left.

    Where the budget does not reach every cluster, the largest get their one row.

    >>> covering_quotas(np.array([60, 30, 10]), budget=5)
    array([2, 2, 1])
    """
    check_budget(budget, int(sizes.sum()))
    one_each = equal_quotas(sizes, min(budget, int(np.count_nonzero(sizes))))
    return one_each + proportional_quotas(sizes - one_each, budget - int(one_each.sum()))


def weighted_quotas(
    sizes: Int64[ndarray, " k"], weights: Float64[ndarray, " k"], budget: int
) -> Int64[ndarray, " k"]:
    """Share the budget in proportion to weights; what a cluster cannot hold goes to the others likewise.

    Where no cluster with room has a weight, the rest is shared in proportion to the room. Rounded by
    largest remainder (ties: the lower number).

    >>> weighted_quotas(np.array([10, 10, 1]), np.array([1.0, 2.0, 9.0]), budget=7)
    array([2, 4, 1])
    """
    check_budget(budget, int(sizes.sum()))
    shares, room = np.zeros(len(sizes)), sizes.astype(np.float64)
    # Every round fills a cluster or spends the rest, so k rounds and one are enough.
    for _ in range(len(sizes) + 1):
        rest = budget - shares.sum()
        pull = np.where(room > 0, weights, 0)
        pull = pull if pull.sum() > 0 else room
        if rest <= 0 or pull.sum() == 0:
            break
        more = np.minimum(rest * pull / pull.sum(), room)
        shares, room = shares + more, np.where(more < room, room - more, 0)
    # Sums of fractions may miss a whole number by a hair.
    quotas = np.minimum(np.floor(shares + 1e-9).astype(np.int64), sizes)
    left_over = budget - int(quotas.sum())
    largest_remainder_first = np.lexsort((np.arange(len(sizes)), -(shares - quotas), quotas >= sizes))
    quotas[largest_remainder_first[:left_over]] += 1
    return quotas


def ranks_per_cluster(score: Float64[ndarray, " n"], labels: Int64[ndarray, " n"]) -> Int64[ndarray, " n"]:
    """Return the rank of each row in its cluster, 0 for the lowest score; ties: the lower row number first.

    >>> ranks_per_cluster(np.array([0.5, 0.2, 0.2, 0.9]), np.array([0, 0, 0, 1]))
    array([2, 0, 1, 0])
    """
    by_cluster = np.lexsort((score, labels))
    sizes = np.bincount(labels)
    ranks = np.empty(len(labels), dtype=np.int64)
    ranks[by_cluster] = np.arange(len(labels)) - np.repeat(sizes.cumsum() - sizes, sizes)
    return ranks


def lowest_per_cluster(
    score: Float64[ndarray, " n"], labels: Int64[ndarray, " n"], quotas: Int64[ndarray, " k"]
) -> Int64[ndarray, " m"]:
    """Return the rows with the lowest scores of each cluster, as many as its quota.

    Equal scores fall to the lower row number.

    >>> lowest_per_cluster(np.array([0.5, 0.2, 0.2, 0.9]), np.array([0, 0, 0, 1]), np.array([1, 1]))
    array([1, 3])
    """
    if quotas.max(initial=0) <= 1:
        return _lowest_of_each_cluster(score, labels, quotas)
    return np.flatnonzero(ranks_per_cluster(score, labels) < quotas[labels])


def _lowest_of_each_cluster(score: ndarray, labels: ndarray, quotas: ndarray) -> ndarray:
    """Return the same for quotas of 0 and 1 without sorting, some 20 to 50 times faster."""
    lowest = np.full(len(quotas), np.inf)
    np.minimum.at(lowest, labels, score)
    candidates = np.flatnonzero(score == lowest[labels])
    first = np.full(len(quotas), len(labels))
    np.minimum.at(first, labels[candidates], candidates)
    return first[(quotas > 0) & (first < len(labels))]


def top_up(kept: Sequence[int], n: int, budget: int, rng: Generator) -> Int64[ndarray, " budget"]:
    """Add rows drawn uniformly from the n - len(kept) others until `budget` are kept.

    >>> top_up([2, 0], n=3, budget=3, rng=np.random.default_rng(0))
    array([2, 0, 1])
    """
    others = np.delete(np.arange(n), kept)
    drawn = rng.choice(others, budget - len(kept), replace=False)
    return np.concatenate([np.asarray(kept, dtype=np.int64), drawn])
