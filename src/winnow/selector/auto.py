"""Keep typical rows first, then random ones, or hard ones where neighbours agree; of rare classes, more.

Where few rows have to represent a class, typical ones serve best; where those kept tell classes apart, the
unusual teaches more [1]_. Distances do not show which of these holds, nor which rows are of rare classes.
Labels do, and those of kept rows are paid for anyway. So rows are kept in quarters, and the labels read so
far say how the next is chosen. Each class gets `few` typical rows, the nearest of their clusters. The further
neighbours agree above what is sure, the more clusters give their furthest row; all others give a random one.
Rows that are nearest to a row of a rare class are kept more often, as if all classes were equally frequent.
Expect it close to the best of `nearest`, `random` and `furthest`, above them where classes differ in size,
and a little below each where that one is best. Constants and weak sides: `scripts/results/auto.md`.

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

from winnow.pool import Pool, Scale
from winnow.selector._agreement import PART, Agreement
from winnow.selector._cost import seconds_of_pairs, warn_if_long
from winnow.selector._instalments import Instalments
from winnow.selector._predicted_classes import PredictedClasses
from winnow.selector._quota import check_budget, covering_quotas
from winnow.stages import Selector
from winnow.types import Subset

CLASSES = 10.0  # as many are assumed until labels are read
UNEVEN = 1 / 3  # below this evenness, clusters follow a heavy tail


@dataclass(frozen=True)
class Auto(Selector):
    """Select in quarters, each as the labels of those before suggest.

    Made for one cluster per kept row (``k == budget``). If classes are equally frequent, every cluster gets a
    row, and the rest is shared in proportion; clusters that give several rows give them at random, and the
    provenance says which share of the rows they are (`several`). The first quarter is drawn as `random`
    draws. But where all may be typical, up to ``10 few`` rows, it is typical, and no agreement is measured.
    Where the clusters follow a heavy tail, it is `uniform`. The provenance holds what the labels said. The
    time grows with n times budget, as every row is compared with all kept ones whose labels are read, without
    labels with n log n; the memory with n.

    Parameters
    ----------
    few : float
        Typical rows that are kept of each class.
    sure : float
        Agreement of neighbours, less its standard error, from which on clusters give their furthest row;
        half way from there to a perfect agreement, all do that give no typical one.

    Examples
    --------
    >>> auto = Auto(few=20.0, sure=0.8)
    >>> [round(auto.typical(600, classes), 2) for classes in (30.0, 15.0, 10.0)]
    [1.0, 0.5, 0.33]
    >>> [round(auto.hard(Agreement(10.0, agreement, 0.01)), 2) for agreement in (0.81, 0.86, 0.91)]
    [0.0, 0.5, 1.0]
    """

    few: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30.0
    sure: Annotated[float, Field(ge=0, lt=1)] = 0.86

    needs = frozenset({"X", "clustering", "labels_of_kept"})

    def warn_of_cost(self, scale: Scale) -> None:
        read = scale.budget - scale.budget // PART
        rows = f"{scale.n:,} rows with the {read:,} kept ones whose labels are read"
        what = f"comparing {rows}, if there are labels,"
        warn_if_long(seconds_of_pairs(scale.n, read, scale.d), what, "selector=random, or a smaller budget")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        clustering = pool.clustering
        # Drawn first, as `random` does: where nothing is preferred, these are the rows that `random` keeps.
        chance = rng.random(pool.n)
        quotas = covering_quotas(clustering.sizes, budget)
        if evenness(clustering.sizes, quotas) < UNEVEN:
            uniform = np.argsort(chance, kind="stable")[:budget]
            return Subset.of(
                uniform, clustering.crowding | {"evidence": "none: clusters follow a heavy tail"}
            )
        rows = Instalments(clustering, quotas, chance, rng.random(clustering.k), rng)
        notes = self._keep(rows, pool, budget)
        return Subset.of(rows.kept, clustering.crowding | notes)

    def _keep(self, rows: Instalments, pool: Pool, budget: int) -> dict[str, Any]:
        """Keep the rows, quarter by quarter, and return what the labels said."""
        predicted = PredictedClasses(pool.X)
        typical, hard = self.typical(budget, CLASSES), 0.0
        is_sample, notes = typical < 1, _silent(pool)
        rows.raise_to(budget // PART, predicted.weights, typical=float(not is_sample))
        for part in range(2, PART + 1):
            if pool.labels_of_kept.known and len(rows.latest) and budget >= PART:
                predicted.learn(rows.latest, y := pool.labels_of_kept.read(rows.latest))
                if part == 2:
                    told = Agreement.of(pool.X[rows.latest], y)
                    typical = self.typical(budget - is_sample * len(y), told.classes)
                    hard = min(self.hard(told), 1 - typical) if is_sample else 0.0
                    notes = _told(told, is_sample)
                notes |= {"rarest": float(predicted.shares.min())}
            rows.raise_to(budget * part // PART, predicted.weights, typical=typical, hard=hard)
        return notes | {"typical": typical, "hard": hard, "several": rows.several}

    def typical(self, rows: int, classes: float) -> float:
        """Return the share of these rows that are typical."""
        return min(self.few * classes / max(rows, 1), 1.0)

    def hard(self, agreement: Agreement) -> float:
        """Return the share of clusters that give their furthest row."""
        certain = agreement.expected - agreement.error
        return float(np.clip((certain - self.sure) / ((1 - self.sure) / 2), 0, 1))


def _silent(pool: Pool) -> dict[str, Any]:
    known = pool.labels_of_kept.known
    return {"evidence": f"none: {'too few rows to ask' if known else 'the rows have no labels'}"}


def _told(told: Agreement, is_sample: bool) -> dict[str, Any]:
    """Return what the labels of the first quarter say, as notes."""
    agreement = {"agreement": told.expected, "agreement_error": told.error} if is_sample else {}
    return {"evidence": "labels of three quarters of the rows", "classes": told.classes} | agreement


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
