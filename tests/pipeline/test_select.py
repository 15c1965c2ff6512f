"""What a selector is shown, and what it must return."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from winnow.embedding.identity import Identity
from winnow.errors import InvalidValue
from winnow.pool import Pool
from winnow.selector.full import Full
from winnow.selector.uniform import Uniform
from winnow.stages import Selector
from winnow.types import Subset


def kept(repetition):
    return repetition.subset.value.arrays["indices"].tolist()


def test_uniform_subsets_of_one_repetition_are_nested(repetition):
    small, large = (set(kept(repetition(selector=Uniform(), budget=budget))) for budget in (5, 20))
    assert small < large


def test_full_keeps_all_rows_whatever_the_budget(repetition):
    assert kept(repetition(selector=Full(), budget=3)) == list(range(45))


SHOWN: list[Pool] = []


@dataclass(frozen=True)
class Watching(Selector):
    """Keeps the first rows and notes what it was shown; `extra` makes it a selector gone wrong."""

    needs: frozenset[str] = frozenset()
    extra: int = 0
    name: str = field(default="watching")

    def __repr__(self) -> str:
        return f"Watching({sorted(self.needs)}, {self.extra})"

    def select(self, pool, *, budget, rng):
        SHOWN.append(pool)
        return Subset.of(np.arange(budget + self.extra))


@pytest.mark.parametrize("need", ["X", "y", "clustering", "dynamics"])
def test_a_selector_is_shown_what_it_declared_and_nothing_else(repetition, dataset, need):
    kept(repetition(selector=Watching(frozenset({need}))))
    pool = SHOWN[-1]
    assert pool.n == 45
    rows = {
        "X": lambda pool: pool.X,
        "y": lambda pool: pool.y,
        "clustering": lambda pool: pool.clustering.labels,
        "dynamics": lambda pool: pool.dynamics.logits[0],
    }
    assert len(rows[need](pool)) == 45
    for other in {"X", "y", "clustering", "dynamics"} - {need}:
        with pytest.raises(InvalidValue, match=other):
            getattr(pool, other)


class Counting(Identity):
    """Notes how often it embeds."""

    calls: list = []  # noqa: RUF012 - shared on purpose

    def fit_transform(self, x):
        self.calls.append(len(x))
        return super().fit_transform(x)


def test_rows_that_are_not_cached_are_embedded_once_for_clusters_and_choice(repetition, monkeypatch):
    monkeypatch.setattr(Counting, "calls", [])
    kept(repetition(embedding=Counting(), selector=Watching(frozenset({"X", "clustering"}))))
    assert Counting.calls == [45]


def test_a_selector_that_keeps_too_many_rows_is_refused(repetition):
    with pytest.raises(InvalidValue, match="must keep exactly 10 of 45 rows, got 11"):
        kept(repetition(selector=Watching(extra=1)))
