"""Draw rows by their difficulty: the hardest, the easiest, those between, or by chance.

The hardest rows are not always the ones to keep: few rows teach more when they are easy, and the hardest
are often mislabelled. Any score of difficulty goes with any sampler. Each keeps exactly `budget` rows and
takes a higher score for harder. Equal scores are in random order, since many scores are equal and row numbers
often follow the order in which data were collected.

    top      the hardest: for plenty of clean data
    bottom   the easiest: for a handful of rows
    middle   those around the median rank
    strata   evenly from 50 strata of equal width in score: coverage of all difficulties (CCS)
    softmax  by chance, P ~ exp(standardised score / temperature): between top and uniform
    beta     by chance, P ~ score x Beta density of the mean probability of the label, which turns to
             easier rows the more are pruned (DUAL)
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.selector._quota import check_budget, equal_quotas, lowest_per_cluster

Sampler = Literal["top", "bottom", "middle", "strata", "softmax", "beta"]

STRATA = 50
# Of DUAL's Beta density: the sum of its parameters, less one, and the power of the pruning ratio.
_BETA_WEIGHT = 15.0
_BETA_POWER = 4.0
_ANCHORS = 10


def draw(
    sampler: Sampler,
    difficulty: Float64[ndarray, " n"],
    confidence: Float64[ndarray, " n"],
    budget: int,
    rng: Generator,
    *,
    cutoff: float = 0.0,
    temperature: float = 1.0,
) -> Int64[ndarray, " budget"]:
    """Return `budget` of the n rows, drawn by one of the samplers above.

    First the share `cutoff` of rows, the hardest, is left out, or less where the budget needs them.
    `confidence` is the mean probability of the label, which only `beta` uses.

    >>> rows, rng = np.array([0.1, 0.9, 0.5, 0.4, 0.6]), np.random.default_rng(0)
    >>> [np.sort(draw(name, rows, rows, 2, rng)).tolist() for name in ("top", "bottom", "middle")]
    [[1, 4], [0, 3], [2, 3]]
    >>> np.sort(draw("top", rows, rows, 2, rng, cutoff=0.2))
    array([2, 4])
    """
    n = len(difficulty)
    check_budget(budget, n)
    order = np.lexsort((rng.random(n), difficulty))
    order = order[: n - min(int(cutoff * n), n - budget)]
    match sampler:
        case "top":
            return order[len(order) - budget :]
        case "bottom":
            return order[:budget]
        case "middle":
            return order[(len(order) - budget) // 2 :][:budget]
        case "strata":
            return order[by_strata(difficulty[order], budget, rng)]
        case "softmax":
            return order[by_softmax(difficulty[order], temperature, budget, rng)]
        case "beta":
            return order[by_beta(difficulty[order], confidence[order], budget, rng)]


def by_strata(difficulty: Float64[ndarray, " n"], budget: int, rng: Generator) -> Int64[ndarray, " budget"]:
    """Share the budget evenly among strata of equal width; what one cannot use goes to the others.

    >>> difficulty = np.array([0.0, 0.01, 0.01, 0.01, 0.5, 1.0])
    >>> np.sort(by_strata(difficulty, 3, np.random.default_rng(0)))[1:]
    array([4, 5])
    """
    if len(difficulty) == 0:
        return np.empty(0, dtype=np.int64)
    low, width = difficulty.min(), np.ptp(difficulty)
    relative = (difficulty - low) / width if width > 0 else np.zeros(len(difficulty))
    # Numbered at random, because of equally large strata the lowest number is served first.
    stratum = rng.permutation(STRATA)[np.minimum((relative * STRATA).astype(np.int64), STRATA - 1)]
    quotas = equal_quotas(np.bincount(stratum, minlength=STRATA).astype(np.int64), budget)
    return lowest_per_cluster(rng.random(len(difficulty)), stratum, quotas)


def by_softmax(
    difficulty: Float64[ndarray, " n"], temperature: float, budget: int, rng: Generator
) -> Int64[ndarray, " budget"]:
    """Draw without replacement, P ~ exp(score / temperature), of scores with mean 0 and deviation 1."""
    if len(difficulty) == 0:
        return np.empty(0, dtype=np.int64)
    deviation = difficulty.std()
    standardised = (difficulty - difficulty.mean()) / (deviation if deviation > 0 else 1)
    return weighted(standardised / temperature, budget, rng)


def by_beta(
    difficulty: Float64[ndarray, " n"], confidence: Float64[ndarray, " n"], budget: int, rng: Generator
) -> Int64[ndarray, " budget"]:
    """Draw without replacement, P ~ score x Beta(confidence; a, b); the lowest score has no chance.

    b = 15 (1 - m) (1 - r^4) and a = 16 - b, where r is the share of rows that is pruned and m the mean
    confidence of the ten highest scores. With little pruning the density peaks where the score does; the
    more is pruned, the nearer its peak is to 1.

    So in Cho et al. 2025, section 3.3, and in their code (behaapyy/dual-pruning on GitHub): 15, 16 and the
    ten throughout, the power 4 by default and for CIFAR-100, 11 for ImageNet. They weight by the score
    itself; here the lowest score is subtracted, so that any score can be used. DUAL's lowest is close to 0.
    """
    n = len(difficulty)
    if n == 0:
        return np.empty(0, dtype=np.int64)
    anchor = confidence[np.argsort(difficulty, kind="stable")[-_ANCHORS:]].mean()
    b = _BETA_WEIGHT * (1 - anchor) * (1 - (1 - budget / n) ** _BETA_POWER)
    a = _BETA_WEIGHT + 1 - b
    # The ends have no density or an infinite one.
    inside = np.clip(confidence, 1e-6, 1 - 1e-6)
    with np.errstate(divide="ignore"):
        log_score = np.log(difficulty - difficulty.min())
    return weighted(log_score + (a - 1) * np.log(inside) + (b - 1) * np.log1p(-inside), budget, rng)


def weighted(log_weights: Float64[ndarray, " n"], budget: int, rng: Generator) -> Int64[ndarray, " budget"]:
    """Draw without replacement in proportion to weights, by the highest of log(weight) + Gumbel noise.

    Rows of weight 0 come last, in random order.

    >>> sorted(weighted(np.array([0.0, -np.inf, 0.0]), 2, np.random.default_rng(0)).tolist())
    [0, 2]
    """
    keys = log_weights + rng.gumbel(size=len(log_weights))
    return np.lexsort((rng.random(len(keys)), -keys))[:budget]
