"""What selectors that score rows by training dynamics share: score x sampler x quota.

Such a selector is a score and three habits: which part of the ranking it draws from (`sampler.py`), how
classes share the budget, and how many of the hardest it does not trust. A new one says how hard a row is and
has the rest from here.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import Field

from winnow.selector._quota import check_budget, equal_quotas, proportional_quotas, weighted_quotas
from winnow.selector._sampler import Sampler, draw
from winnow.selector._scores import class_errors, label_probabilities
from winnow.stages import Selector
from winnow.types import Clustering, Dynamics, Subset

Quota = Literal["none", "class", "class_equal", "class_error"]
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Scored(Selector):
    """Select rows by `difficulty`, with a sampler, within the quotas of classes.

    `quota` shares the budget among classes: `none` leaves it to the score; `class` in proportion to their
    rows; `class_equal` as evenly as their rows allow; `class_error` in proportion to rows times error (see
    `drop`). `cutoff` is the share of the hardest rows, of each class where there are quotas, that is put out
    of reach, and `temperature` that of the sampler `softmax`.
    """

    sampler: Sampler = "top"
    quota: Quota = "none"
    cutoff: Share = 0.0
    temperature: Positive = 1.0

    needs_clustering = False
    needs_dynamics = True
    reads_all_labels = True

    @abstractmethod
    def difficulty(self, dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        """Return how hard every row is, the hardest highest; finite."""

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering | None,
        *,
        budget: int,
        rng: Generator,
        dynamics: Dynamics,
    ) -> Subset:
        check_budget(budget, len(y))
        difficulty = self.difficulty(dynamics, y)
        confidence = label_probabilities(dynamics, y).mean(axis=0)
        groups = y if self.quota != "none" else np.zeros_like(y)
        quotas = quotas_of(self.quota, dynamics, y, budget)
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


def quotas_of(
    quota: Quota, dynamics: Dynamics, y: Int64[ndarray, " n"], budget: int
) -> Int64[ndarray, " groups"]:
    """Return how many rows each class may keep; with "none", the whole budget for all as one group."""
    sizes = np.bincount(y, minlength=dynamics.logits.shape[2]).astype(np.int64)
    match quota:
        case "none":
            return np.array([budget])
        case "class":
            return proportional_quotas(sizes, budget)
        case "class_equal":
            return equal_quotas(sizes, budget)
        case "class_error":
            return weighted_quotas(sizes, sizes * class_errors(dynamics, y), budget)
