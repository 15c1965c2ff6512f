"""Keep rows in rounds: each asks a network that learnt those kept so far which rows to label next.

This is active learning on a pool. The first round is chosen by a selector that reads no labels; before each
of the others, a network (group `dynamics`, the configured model) learns the rows kept so far, and a query
picks those that it could learn most from. Labels are read of kept rows alone, after they are chosen. Expect
the queries for unsure rows to win once a few rows of every class are known, and to lose to `random` or
`nearest` before: a network that knows little is unsure of the wrong rows [1]_. They also lose where labels
are wrong.

The queries: `margin`, `entropy`, `least_confidence` (the rows of which the network is least sure [2]_),
`badge` (unsure, and unlike each other [3]_), `typiclust` (the typical rows of clusters without a kept row;
asks no network [1]_), `random` (asks no network; the honest rival of all others).

In every round of two rows or more a part is drawn by chance from all rows that are not kept. It guards
against a network that is sure of its errors, and it is a fair sample of these rows: how often the network is
right about it, before it learns it, is an honest accuracy for that number of labels, from rows that are kept
anyway. The test set is not read. The provenance holds this curve, and the agreement on the rows that were
asked for, which is lower: they were chosen because they are hard.

.. [1] Hacohen, Dekel and Weinshall, "Active learning on a budget: opposite strategies suit high and low
   budgets", ICML 2022. https://arxiv.org/abs/2202.02794
.. [2] Settles, "Active learning literature survey", University of Wisconsin-Madison, 2009.
.. [3] Ash et al., "Deep batch active learning by diverse, uncertain gradient lower bounds", ICLR 2020.
   https://arxiv.org/abs/1906.03671
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from winnow.pool import Pool, Scale
from winnow.registry import default, option_of
from winnow.selector._cost import (
    seconds_of_looks,
    warn_if_long,
    warn_of_inner,
    warn_of_pairs_in_clusters,
)
from winnow.selector._queries import NEEDS, Query, ask, typicality_of
from winnow.selector._quota import check_budget
from winnow.stages import Selector, Wrapper
from winnow.types import Predictions, Subset

# These cannot keep a smaller number of rows, or begin with rounds of their own.
_UNSUITED = {"full", "from_file", "per_class", "rounds"}
# Numbers that make up a gradient of `lenet5` on ten classes: a larger network takes longer.
_OF_A_GRADIENT = 94


def _reads_no_labels(option: str) -> str:
    if default("selector", option).reads_all_labels:
        raise PydanticCustomError(
            "labels", "Input should be a selector that reads no labels, as uniform, random or nearest"
        )
    return option


@dataclass(frozen=True)
class Rounds(Selector, Wrapper):
    """Select in rounds of equal size, each but the first by a query on what a network learnt so far.

    The network starts from the same weights in every round (stream `dynamics`), and is trained as `dynamics`
    says; it is trained for `typiclust` and `random` as well, for the curve alone. What it costs is shown as
    seconds of `select`. The time grows with n times `rounds`, as all rows are predicted, with n times budget
    by `query=badge`, and that of the trainings and of the first selector comes on top; the memory with n.

    Parameters
    ----------
    rounds : int
        Number of rounds, the first included; no more than rows are kept.
    query : {"margin", "entropy", "least_confidence", "badge", "typiclust", "random"}
        How rows are asked for after the first round.
    first : str
        Option name of the selector of the first round, which works with its default settings.
    random_share : float
        Part of each later round that is drawn by chance.

    Examples
    --------
    >>> from winnow.pool import LabelsOfKept, Learner
    >>> def half_sure_of_row_2(rows, y, *, features):
    ...     return Predictions(np.float32([[1, 0], [1, 0], [0.5, 0.5], [1, 0]]))
    >>> y = np.array([0, 0, 1, 1])
    >>> pool = Pool(4, labels_of_kept=LabelsOfKept(4, y), learner=Learner(4, half_sure_of_row_2))
    >>> kept = Rounds(rounds=2).select(pool, budget=2, rng=np.random.default_rng(1))
    >>> kept.indices, kept.rounds, kept.provenance["curve"][0]["accuracy_of_asked"]
    (array([0, 2]), array([1, 2]), 0.0)
    """

    rounds: Annotated[int, Field(ge=1)] = 4
    query: Query = "margin"
    first: Annotated[str, option_of("selector", but=_UNSUITED), AfterValidator(_reads_no_labels)] = "uniform"
    random_share: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.2

    @property
    def inner(self) -> Selector:
        """The selector of the first round."""
        return default("selector", self.first)

    @property
    def needs(self) -> frozenset[str]:
        """Labels of kept rows and a network that learns them; what the first round and the query need."""
        own = {"labels_of_kept", "learner"}
        return self.inner.needs | NEEDS.get(self.query, frozenset()) | own

    def warn_of_cost(self, scale: Scale) -> None:
        first, *later = round_sizes(scale.budget, self.rounds)
        warn_of_inner(self.inner, replace(scale, budget=first), "begin with selector.first=random or uniform")
        if self.query == "badge":
            asked = sum(size - rows_by_chance(self.random_share, size) for size in later)
            what = f"looking at the gradients of {scale.n:,} rows for each of {asked:,} that are asked for"
            gradients = replace(scale, d=_OF_A_GRADIENT, budget=asked)
            warn_if_long(seconds_of_looks(gradients), what, "selector.query=margin")
        if self.query == "typiclust":
            warn_of_pairs_in_clusters(scale, "selector.query=margin")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        check_budget(budget, pool.n)
        inner, sizes = self.inner, round_sizes(budget, self.rounds)
        first = inner.select(pool.only(inner.needs), budget=sizes[0], rng=rng)
        kept, curve = first.indices, []
        score = typicality_of(self.query, pool, rng)
        for size in sizes[1:]:
            rows, point = self._next(pool, kept, size, rng, score)
            kept = np.concatenate([kept, rows])
            curve.append(point)
        numbers = np.repeat(np.arange(1, len(sizes) + 1), sizes)
        notes = {"first": dict(first.provenance), "curve": curve}
        return replace(Subset.of(kept, notes), rounds=numbers[np.argsort(kept)])

    def _next(
        self,
        pool: Pool,
        kept: Int64[ndarray, " m"],
        size: int,
        rng: Generator,
        score: Float64[ndarray, " _"],
    ) -> tuple[Int64[ndarray, " size"], dict[str, Any]]:
        """Return the rows of a round, and the point of the curve before it."""
        y = pool.labels_of_kept.read(kept)
        predictions = pool.learner.fit(kept, y, features=self.query == "badge")
        others = np.setdiff1d(np.arange(pool.n), kept)
        share = 1.0 if self.query == "random" else self.random_share
        # Drawn before the query takes its rows, so that it is a fair sample of all that are not kept.
        by_chance = rng.choice(others, rows_by_chance(share, size), replace=False)
        others, count = np.setdiff1d(others, by_chance), size - len(by_chance)
        asked = ask(self.query, pool, predictions, kept, others, count, rng, score)
        point: dict[str, Any] = {"labels": len(kept)}
        for name, rows in (("random", by_chance), ("asked", asked)):
            point |= {f"accuracy_of_{name}": _accuracy(pool, predictions, rows), name: len(rows)}
        return np.concatenate([by_chance, asked]), point


def rows_by_chance(share: float, size: int) -> int:
    """Return how many rows of a round are drawn by chance: at least one of several, if any are.

    >>> [rows_by_chance(0.2, size) for size in (1, 2, 10, 13)], rows_by_chance(0.0, 10)
    ([0, 1, 2, 3], 0)
    """
    return max(round(share * size), int(share > 0 and size > 1))


def round_sizes(budget: int, rounds: int) -> list[int]:
    """Return the number of rows of each round: equal, the first ones larger by one where that leaves a rest.

    Rounds without a row are left out, but for the first.

    >>> round_sizes(10, 4), round_sizes(2, 4), round_sizes(0, 4)
    ([3, 3, 2, 2], [1, 1], [0])
    """
    rounds = max(min(rounds, budget), 1)
    return [budget // rounds + (number < budget % rounds) for number in range(rounds)]


def _accuracy(pool: Pool, predictions: Predictions, rows: Int64[ndarray, " m"]) -> float | None:
    """Return on how many of some rows, which are kept now, a network is right, in percent."""
    if not len(rows):
        return None
    right = predictions.classes[rows] == pool.labels_of_kept.read(rows)
    return 100 * float(right.mean())
