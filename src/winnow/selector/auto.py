"""Keep typical rows while few of a class can be kept, hard ones once neighbours agree, else random ones.

Where few rows have to represent a class, typical ones serve best; where those kept tell classes apart, the
unusual teaches more [1]_. Distances do not show which of these holds. Labels do, and those of kept rows are
paid for anyway: so a quarter is drawn as `random` draws, and its labels tell how many rows of a class there
will be, and how often neighbours will agree once all are kept (`_agreement`). The fewer rows of a class, the
more clusters give their nearest row; the further the agreement is above what is sure, by more than its
standard error, the more give their furthest. Otherwise these are the rows of `random`. Expect it close to the
best of the three; expect it to lose to `furthest` where rare classes count as much as frequent ones. How the
two constants were found, and where it is weak: `scripts/results/auto.md`.

.. [1] Sorscher et al., "Beyond neural scaling laws: beating power law scaling via data pruning",
   NeurIPS 2022. https://arxiv.org/abs/2206.14486
"""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from jaxtyping import Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.pool import Pool
from winnow.selector._agreement import PART, Agreement
from winnow.selector._quota import check_budget, covering_quotas, lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Subset

FEWEST_CLASSES = 10.0  # of fewer classes, each has several kinds of rows to be represented
FEWEST_LABELS = 50  # as many say too little
UNEVEN = 1 / 3  # below this evenness, clusters follow a heavy tail


@dataclass(frozen=True)
class Auto(Selector):
    """Select a quarter of the rows at random, and the rest as the labels of these suggest.

    Made for one cluster per kept row (``k == budget``). Every cluster gets a row, and the rest is shared in
    proportion; clusters that give several rows give them at random. Fewer classes than ten count as ten, and
    so do rows without labels. Up to 200 rows no label is read, because 50 say too little. Where the clusters
    follow a heavy tail, it is `uniform`. The provenance holds what the labels said.

    Parameters
    ----------
    few : float
        Rows of a class up to which all clusters give their nearest row; at five times as many, none does.
    sure : float
        Agreement of neighbours, less its standard error, from which on clusters give their furthest row;
        half way from there to a perfect agreement, all do.

    Examples
    --------
    >>> auto = Auto(few=20.0, sure=0.8)
    >>> [round(auto.typical(600, classes), 2) for classes in (30.0, 15.0, 10.0)]
    [1.0, 0.75, 0.5]
    >>> [round(auto.hard(Agreement(10.0, agreement, 0.01)), 2) for agreement in (0.81, 0.86, 0.91)]
    [0.0, 0.5, 1.0]
    """

    few: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 20.0
    sure: Annotated[float, Field(ge=0, lt=1)] = 0.86

    needs = frozenset({"X", "clustering", "labels_of_kept"})

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        clustering = pool.clustering
        # Drawn first, as `random` does: where nothing is preferred, these are the rows that `random` keeps.
        chance = rng.random(pool.n)
        quotas = covering_quotas(clustering.sizes, budget)
        if evenness(clustering.sizes, quotas) < UNEVEN:
            rows = np.argsort(chance, kind="stable")[:budget]
            return Subset.of(rows, clustering.crowding | {"evidence": "none: clusters follow a heavy tail"})
        at_random = lowest_per_cluster(chance, clustering.labels, quotas)
        asked = budget // PART if budget // PART > FEWEST_LABELS else 0
        first = rng.permutation(at_random)[:asked]
        agreement, notes = _ask(pool, first)
        typical = self.typical(budget, agreement.classes)
        hard = min(self.hard(agreement), 1 - typical)
        # Of each cluster, the lowest score is kept.
        lot = rng.random(clustering.k)[clustering.labels]
        score = np.where(lot < typical, clustering.distances, chance)
        score = np.where(lot > 1 - hard, -clustering.distances, score)
        score = np.where((quotas > 1)[clustering.labels], chance, score)
        score[first] = -np.inf
        rows = lowest_per_cluster(score, clustering.labels, quotas)
        return Subset.of(rows, clustering.crowding | notes | {"typical": typical, "hard": hard})

    def typical(self, budget: int, classes: float) -> float:
        """Return the share of clusters that give their nearest row."""
        rows_per_class = budget / max(classes, FEWEST_CLASSES)
        return float(np.clip((5 * self.few - rows_per_class) / (4 * self.few), 0, 1))

    def hard(self, agreement: Agreement) -> float:
        """Return the share of clusters that give their furthest row."""
        certain = agreement.expected - agreement.error
        return float(np.clip((certain - self.sure) / ((1 - self.sure) / 2), 0, 1))


def _ask(pool: Pool, rows: Int64[ndarray, " m"]) -> tuple[Agreement, dict[str, Any]]:
    """Read the labels of some rows, and return what they say, and the same as notes."""
    X, labels = pool.X, pool.labels_of_kept
    if not labels.known:
        return Agreement(), {"evidence": "none: the rows have no labels"}
    if len(rows) == 0:
        return Agreement(), {"evidence": "none: too few rows to ask"}
    told = Agreement.of(X[rows], labels.read(rows))
    notes = {"classes": told.classes, "agreement": told.expected, "agreement_error": told.error}
    return told, {"evidence": f"the labels of {len(rows)} rows"} | notes


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
