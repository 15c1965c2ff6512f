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
    """Keeps the first rows and writes down what it was shown; a selector gone wrong where told to."""

    shown: list = []  # noqa: RUF012 - shared on purpose

    def __init__(self, extra: int = 0, **declared: bool) -> None:
        self.extra = extra
        self.needs_clustering = declared.get("needs_clustering", True)
        self.reads_all_labels = declared.get("reads_all_labels", False)

    def __repr__(self) -> str:
        return f"Peeping({self.extra}, {self.needs_clustering}, {self.reads_all_labels})"

    def select(self, X, y, clustering, *, budget, rng):
        self.shown.append((X.shape, set(y.tolist()), clustering))
        return Subset.of(np.arange(budget + self.extra))


def test_labels_are_hidden_unless_declared(pipeline):
    pipeline(selector=Peeping()).select(0)
    pipeline(selector=Peeping(reads_all_labels=True)).select(0)
    assert [labels for _, labels, _ in Peeping.shown[-2:]] == [{-1}, {0, 1, 2}]


def test_a_selector_blind_to_clusters_is_shown_none(pipeline):
    pipeline(selector=Peeping(needs_clustering=False)).select(0)
    shape, _, clustering = Peeping.shown[-1]
    assert (shape, clustering) == ((45, 0), None)


class Counting(Identity):
    """Writes down how often it was asked to embed."""

    calls: list = []  # noqa: RUF012 - shared on purpose

    def fit_transform(self, x):
        self.calls.append(len(x))
        return super().fit_transform(x)


def test_rows_that_are_not_cached_are_embedded_once_for_clusters_and_choice(pipeline, monkeypatch):
    monkeypatch.setattr(Counting, "calls", [])
    pipeline(embedding=Counting()).select(0)
    assert Counting.calls == [45]


def test_a_selector_that_keeps_too_many_rows_is_refused(pipeline):
    with pytest.raises(InvalidValue, match="must keep exactly 10 of 45 rows, got 11"):
        pipeline(selector=Peeping(extra=1)).select(0)


class Weighing(Peeping):
    """One that asks what a distorted row is worth."""

    weighs_augmentation = True

    def select(self, X, y, clustering, *, budget, rng, worth):
        self.shown.append(worth)
        return Subset.of(np.arange(budget))


def test_who_asks_what_a_distorted_row_is_worth_is_told_and_named_by_that_alone(pipeline):
    def chosen(augment, selector):
        one = pipeline(selector=selector, augment=augment)
        one.select(0)
        return one.subset_key(0)

    augments = [Unchanged(), FlipRotateScale(), AffineElastic(strength=2.0), AffineElastic(strength=4.0)]
    plain, flipped, bent, bent_more = (chosen(augment, Weighing()) for augment in augments)
    assert Peeping.shown[-3:] == [1.0, 4.0, 7.0]  # who is worth as much keeps the same rows: one was found
    assert plain == flipped
    assert len({plain, bent, bent_more}) == 3
    assert len({chosen(augment, Peeping()) for augment in augments}) == 1
