"""Keep typical rows while few can be kept, hard ones once many can, and random ones where neither is certain.

Where a few rows have to represent everything, typical ones serve best; where many can be kept, the typical is
covered and the unusual teaches more [1]_. Which of the two holds is measured without labels, by how well a
random subset of the budget's size covers the data in comparison with normal data (`_quantization`). Within
each cluster, rows are then drawn with P(row) ~ exp(tilt * rank), where the rank runs from 0 at the centroid
to 1 at the rim. A strongly negative tilt is `nearest`, a strongly positive one `furthest`, 0 is `random`.

Expect it close to the best of these at every budget. It is 0 wherever the measures are uncertain, so it loses
to `nearest` on small data sets; and it cannot see mislabelled rows, so it loses on these at large budgets.
The rules in full, how they were fitted, the tables and the weaknesses: `scripts/results/auto.md`.

.. [1] Sorscher et al., "Beyond neural scaling laws: beating power law scaling via data pruning",
   NeurIPS 2022. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.pool import Pool
from winnow.selector._quantization import QuantizationRatio
from winnow.selector._quota import check_budget, covering_quotas, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Clustering, Subset

ERRORS = 2  # standard errors by which a measure may be wrong
HEAVY_TAIL, UNEVEN = 1.2, 2 / 3  # a ratio above, and an evenness below: clusters follow a tail

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Auto(Selector):
    """Select within clusters between the typical and the hard, as budget and data suggest.

    Made for one cluster per kept row (``k == budget``); every cluster gets a row, and the rest is shared in
    proportion. With far fewer clusters than rows it is `random`. Rows at the same distance are in random
    order. The provenance holds the measured ratio and pace, and the resulting tilt.

    Parameters
    ----------
    balance : float
        Ratio at which the tilt changes its sign: above it typical rows are preferred, below it hard ones.
    width : float
        Distance of the ratio from the balance up to which there is no tilt; beyond it, the unit of distance.
    full_pace : float
        Pace from which on the ratio is trusted fully; below it, the tilt is smaller.
    rows_per_strength : float
        With an augmentation of strength s, a kept row counts as 1 + rows_per_strength * s rows, so that hard
        rows are preferred from smaller budgets on. Fitted on MNIST with `affine_elastic`.

    Examples
    --------
    >>> ratios = (0.74, 0.66, 0.61, 0.56, 0.48)
    >>> [round(Auto().tilt(QuantizationRatio(ratio, pace=0.12))) for ratio in ratios]
    [-128, 0, 0, 0, 128]
    >>> round(Auto().tilt(QuantizationRatio(ratio=0.74, pace=0.03)))
    0
    """

    balance: Positive = 0.61
    width: Positive = 0.065
    full_pace: Positive = 0.1
    rows_per_strength: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.5

    needs = frozenset({"X", "clustering", "augmentation_strength"})

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        clustering = pool.clustering
        # Drawn first, as `random` does: where there is no tilt, these are the rows that `random` keeps.
        chance = rng.random(pool.n)
        measured = QuantizationRatio.of(pool.X, budget, rng)
        tilt = self.tilt(measured)
        counts_as = 1 + self.rows_per_strength * pool.augmentation_strength
        if counts_as > 1 and tilt < 0:
            as_if_more = self.tilt(QuantizationRatio.of(pool.X, round(counts_as * budget), rng))
            tilt = max(tilt, min(as_if_more, 0.0))
        quotas = covering_quotas(clustering.sizes, budget)
        if measured.ratio > HEAVY_TAIL and evenness(clustering.sizes, quotas) < UNEVEN:
            rows = np.argsort(chance, kind="stable")[:budget]
        else:
            score = _score(clustering, np.where(quotas > 1, 0, tilt), chance)
            rows = lowest_per_cluster(score, clustering.labels, quotas)
        notes = {"ratio": measured.ratio, "pace": measured.pace, "tilt": tilt}
        return Subset.of(rows, clustering.crowding | notes)

    def tilt(self, measured: QuantizationRatio) -> float:
        """Return how much typical rows (below 0) or hard ones (above 0) are preferred; 0 where uncertain."""
        paces = (measured.pace - ERRORS * measured.pace_error) / self.full_pace
        trust = float(np.clip(paces, 0, 1)) ** 3
        from_balance = self.balance - measured.ratio
        if from_balance > 0:
            # Where structure is just being resolved, a cluster is a part of it whose rim touches others.
            trust *= float(np.clip(3 - paces, 0, 1)) ** 3
        certain = max(abs(from_balance) - ERRORS * measured.ratio_error, 0.0)
        widths = trust * np.copysign(certain, from_balance) / self.width
        # Within one width only a few rows would change.
        return float(widths**7) if abs(widths) > 1 else 0.0


def evenness(sizes: Int64[ndarray, " k"], quotas: Int64[ndarray, " k"]) -> float:
    """Return 1 where every kept row represents equally many rows, and less the more it varies (Kish [2]_).

    It is the part of the kept rows that, drawn uniformly, would estimate a mean as precisely as all of them,
    weighted by the rows that they represent.

    .. [2] Kish, "Survey Sampling", 1965, section 11.7.

    >>> evenness(np.array([2, 2, 8, 8]), np.array([1, 1, 4, 4])), evenness(np.array([9, 1]), np.array([1, 1]))
    (1.0, 0.6097560975609756)
    """
    used = quotas > 0
    squares = float((sizes[used] ** 2 / quotas[used]).sum())
    return float(sizes[used].sum()) ** 2 / (float(quotas.sum()) * squares) if used.any() else 1.0


def _score(
    clustering: Clustering, tilts: Float64[ndarray, " k"], chance: Float64[ndarray, " n"]
) -> Float64[ndarray, " n"]:
    """Return a score of which the lowest are drawn in proportion to exp(tilt * rank), without replacement."""
    # Exponential waiting times with these rates: the first of them is drawn in proportion to the rates.
    tilts = tilts[clustering.labels]
    score = np.log(-np.log1p(-chance)) - tilts * _ranks(clustering)
    return score + np.where((tilts > 0) & _beyond_fence(clustering), 2 * tilts + 100, 0)


def _ranks(clustering: Clustering) -> Float64[ndarray, " n"]:
    """Return the relative rank of each row in its cluster, between 0 at the centroid and 1 at the rim.

    Rows at the same distance share the mean of their ranks, so that row numbers have no effect.
    """
    labels, distances, sizes = clustering.labels, clustering.distances, clustering.sizes
    order = np.lexsort((distances, labels))
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (np.diff(labels[order]) != 0) | (np.diff(distances[order]) != 0)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(order)) - 1
    ranks = np.empty(len(order))
    ranks[order] = np.repeat((first + last) / 2, last - first + 1)
    return (ranks - (sizes.cumsum() - sizes)[labels] + 0.5) / sizes[labels]


def _beyond_fence(clustering: Clustering) -> Bool[ndarray, " n"]:
    """Return which rows lie beyond Tukey's outer fence, in units of their cluster's median distance.

    Clusters of one or two rows, and those with half of their rows on the centroid, have no such unit: their
    rows are never beyond.
    """
    medians = np.array(
        [np.median(clustering.distances[rows]) if len(rows) > 2 else 0 for rows in clustering.members]
    )[clustering.labels]
    scaled = medians > 0
    if not scaled.any():
        return scaled
    relative = clustering.distances / np.where(scaled, medians, 1)
    first, third = np.quantile(relative[scaled], [0.25, 0.75])
    return scaled & (relative > third + 3 * (third - first))
