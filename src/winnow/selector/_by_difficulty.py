"""What selectors that score rows by training dynamics share: a difficulty, a sampler, and class quotas.

Which part of the ranking by difficulty is kept, how classes share the budget, and how many of the hardest
rows are left out are settings that all of them have. A new one defines `difficulty`.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.pool import Pool
from winnow.selector._difficulty_sampling import Sampler, draw
from winnow.selector._dynamics_scores import class_errors, label_probabilities
from winnow.selector._quota import check_budget, equal_quotas, proportional_quotas, weighted_quotas
from winnow.stages import Selector
from winnow.types import Subset

Quota = Literal["none", "class", "class_equal", "class_error"]
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class ByDifficulty(Selector):
    """Select rows by their difficulty, with a sampler, within the quotas of classes.

    The time grows with n log n, and with n times epochs and classes, whatever the budget, and that of the
    training comes on top; the memory with n times epochs and classes.

    Parameters
    ----------
    sampler : {"top", "bottom", "middle", "strata", "softmax", "beta"}
        Which rows to keep by their difficulty: the hardest, the easiest, those around the median; evenly
        from 50 strata of equal width; or by chance, the harder the likelier (`softmax`), or so that it turns
        to easier rows the fewer are kept (`beta`, of DUAL).
    quota : {"none", "class", "class_equal", "class_error"}
        How classes share the budget: not at all; in proportion to their rows; as equally as their rows
        allow; or in proportion to rows times error (see `drop`).
    cutoff : float
        Share of the hardest rows, of each class where there are quotas, that is never kept.
    temperature : float
        Of the sampler `softmax`: high values draw almost uniformly, low ones the hardest.
    """

    sampler: Sampler = "top"
    quota: Quota = "none"
    cutoff: Share = 0.0
    temperature: Positive = 1.0

    needs = frozenset({"y", "dynamics"})

    @abstractmethod
    def difficulty(self, pool: Pool) -> Float64[ndarray, " n"]:
        """Return how hard every row is, the hardest highest; finite."""

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        difficulty = self.difficulty(pool)
        confidence = label_probabilities(pool.dynamics, pool.y).mean(axis=0)
        groups = pool.y if self.quota != "none" else np.zeros_like(pool.y)
        quotas = class_quotas(self.quota, pool, budget)
        kept = [np.empty(0, dtype=np.int64)]
        for group in np.unique(groups):
            rows = np.flatnonzero(groups == group)
            drawn = draw(
                self.sampler,
                difficulty[rows],
                confidence[rows],
                int(quotas[group]),
                rng,
                cutoff=self.cutoff,
                temperature=self.temperature,
            )
            kept.append(rows[drawn])
        notes = {} if self.quota == "none" else {"class_quotas": quotas.tolist()}
        return Subset.of(np.concatenate(kept), notes)


def class_quotas(quota: Quota, pool: Pool, budget: int) -> Int64[ndarray, " groups"]:
    """Return how many rows of each class to keep; with "none", the whole budget for all as one group."""
    sizes = np.bincount(pool.y, minlength=pool.dynamics.logits.shape[2])
    match quota:
        case "none":
            return np.array([budget])
        case "class":
            return proportional_quotas(sizes, budget)
        case "class_equal":
            return equal_quotas(sizes, budget)
        case "class_error":
            return weighted_quotas(sizes, sizes * class_errors(pool.dynamics, pool.y), budget)
