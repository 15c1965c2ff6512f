"""What a selector is shown, and what it must return."""

import numpy as np
import pytest

from winnow.augment.affine_elastic import AffineElastic
from winnow.augment.flip_rotate_scale import FlipRotateScale
from winnow.augment.none import Unchanged
from winnow.embedding.identity import Identity
from winnow.errors import InvalidValue
from winnow.selector.full import Full
from winnow.selector.uniform import Uniform
from winnow.stages import Selector
from winnow.types import Subset


def test_uniform_subsets_of_one_repetition_are_nested(pipeline):
    small, large = (
        set(pipeline(selector=Uniform(), budget=budget).select(0).arrays["indices"].tolist())
        for budget in (5, 20)
    )
    assert small < large


def test_full_keeps_all_rows_whatever_the_budget(pipeline):
    kept = pipeline(selector=Full(), budget=3).select(0)
    assert kept.arrays["indices"].tolist() == list(range(45))


class Peeping(Selector):
    """Keeps the first rows and writes down the pool that it was given; it keeps `extra` rows too many."""

    shown: list = []  # noqa: RUF012 - shared on purpose

    def __init__(self, *needs: str, extra: int = 0) -> None:
        self.declared, self.extra = frozenset(needs), extra

    def __repr__(self) -> str:
        return f"Peeping({sorted(self.declared)}, {self.extra})"

    @property
    def needs(self):
        return self.declared

    def select(self, pool, *, budget, rng):
        self.shown.append(pool)
        return Subset.of(np.arange(budget + self.extra))


def shown(pipeline, *needs, **changes):
    """Return the pool that a selector with these needs is given."""
    pipeline(selector=Peeping(*needs), **changes).select(0)
    return Peeping.shown[-1]


NEEDS = {"X", "y", "clustering", "dynamics", "gradient_norms", "augmentation_strength"}


@pytest.mark.parametrize(
    "needs", [(), ("X",), ("y",), ("clustering",), ("augmentation_strength",), ("X", "clustering", "y")]
)
def test_a_selector_is_given_what_it_needs_and_no_more(pipeline, needs):
    pool = shown(pipeline, *needs)
    assert pool.n == 45
    for name in needs:
        getattr(pool, name)
    for name in NEEDS - set(needs):
        with pytest.raises(InvalidValue, match=f"needs must name {name}"):
            getattr(pool, name)


def test_what_is_given_is_that_of_the_training_set(pipeline, dataset):
    pool = shown(pipeline, "X", "y", "clustering")
    np.testing.assert_array_equal(pool.y, dataset.y)
    assert (pool.X.shape, pool.clustering.k, pool.clustering.n) == ((45, 2), 5, 45)


class Counting(Identity):
    """Writes down how often it was asked to embed."""

    calls: list = []  # noqa: RUF012 - shared on purpose

    def fit_transform(self, x):
        self.calls.append(len(x))
        return super().fit_transform(x)


def test_rows_that_are_not_cached_are_embedded_once_for_clusters_and_choice(pipeline, monkeypatch):
    monkeypatch.setattr(Counting, "calls", [])
    shown(pipeline, "X", "clustering", embedding=Counting())
    assert Counting.calls == [45]


def test_a_selector_that_keeps_too_many_rows_is_refused(pipeline):
    with pytest.raises(InvalidValue, match="must keep exactly 10 of 45 rows, got 11"):
        pipeline(selector=Peeping("X", extra=1)).select(0)


def test_the_strength_of_the_augmentation_names_the_rows_of_who_needs_it_and_of_nobody_else(pipeline):
    def chosen(augment, *needs):
        one = pipeline(selector=Peeping(*needs), augment=augment)
        one.select(0)
        return one.subset_key(0)

    need = "augmentation_strength"
    augments = [Unchanged(), FlipRotateScale(), AffineElastic(strength=2.0), AffineElastic(strength=4.0)]
    plain, flipped, bent, bent_more = (chosen(augment, need) for augment in augments)
    # Equal strengths keep the same rows: one of them was found.
    assert [pool.augmentation_strength for pool in Peeping.shown[-3:]] == [0.0, 2.0, 4.0]
    assert plain == flipped
    assert len({plain, bent, bent_more}) == 3
    assert len({chosen(augment, "y") for augment in augments}) == 1
