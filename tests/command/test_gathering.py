"""Who is trained with whom, and who is spared whose trouble."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from winnow.augment.none import Unchanged
from winnow.clusterer.sklearn import Sklearn
from winnow.command.gathering import in_common
from winnow.command.workers import Deferred, Workers
from winnow.dataset.digits import Digits
from winnow.embedding.pca import PCA
from winnow.errors import InvalidValue, TryLater
from winnow.model.mlp import MLP
from winnow.pipeline import Method, Pipeline
from winnow.selector.nearest import Nearest
from winnow.selector.uniform import Uniform
from winnow.stages import Augment, Selector
from winnow.store.cache import Cache
from winnow.trainer.lightning import Recipe
from winnow.types import Dataset


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = (rng.integers(0, 40, (60, 1, 28, 28)) + 70 * y[:, None, None, None]).astype(np.uint8)
    return Dataset("toy", x[:45], y[:45], x[45:], y[45:], ("a", "b", "c"))


@dataclass(frozen=True)
class Fickle(Selector):
    """Cannot choose."""

    def select(self, pool, *, budget, rng):
        raise InvalidValue("the stars must stand well, got Saturn")


@dataclass(frozen=True)
class InterruptedOnce(Augment):
    """Somebody presses Ctrl-C at the first batch."""

    def __call__(self, images, generator):
        if not INTERRUPTED:
            INTERRUPTED.append(True)
            raise KeyboardInterrupt
        return images


INTERRUPTED = []


@pytest.fixture
def make(dataset, tmp_path):
    def make(selector=None, budget=10, **trainer):
        method = Method(
            embedding=PCA(components=2),
            clusterer=Sklearn(k=5),
            selector=selector or Nearest(),
            model=MLP(hidden=(8,)),
            augment=Unchanged(),
            trainer=Recipe(**({"steps": 5, "batched": True} | trainer)),
            budget=budget,
            seed=0,
        )
        return Pipeline(method, dataset, Cache(tmp_path))

    return make


def ask(workers, *asked):
    return [workers.submit(pipeline, Digits(), repetition) for pipeline, repetition in asked]


def stored(pipeline, repetition):
    return pipeline.finished(repetition) is not None


def test_nothing_happens_until_a_result_is_wanted_and_then_all_of_the_group(make):
    chosen, baseline = make(), make(Uniform())
    waiting = ask(Workers(1), (baseline, 0), (baseline, 1), (chosen, 0), (chosen, 1))
    assert not stored(baseline, 0)
    scores = [waiting[0].result()]
    assert all(stored(arm, repetition) for arm in (chosen, baseline) for repetition in (0, 1))
    scores += [each.result() for each in waiting[1:]]
    # Trained as one, they share one bill.
    assert len({score.seconds["train"] for score in scores}) == 1
    assert not any(score.found for score in scores)


def test_other_budgets_and_recipes_are_other_groups(make):
    one, larger, faster = make(), make(budget=11), make(learning_rate=0.01)
    assert in_common(one) == in_common(make(Uniform())) != in_common(larger)
    first, *_ = ask(Workers(1), (one, 0), (larger, 0), (faster, 0))
    first.result()
    assert [stored(each, 0) for each in (one, larger, faster)] == [True, False, False]


def test_what_was_trained_before_is_found(make):
    before = ask(Workers(1), (make(), 0))[0].result()
    again, new = ask(Workers(1), (make(), 0), (make(), 1))
    assert again.result() == replace(before, found=True)
    assert not new.result().found


def test_the_result_is_that_of_a_training_alone(make):
    together = [each.result() for each in ask(Workers(1), (make(), 0), (make(), 1))]
    alone = [each.result() for each in ask(Workers(1), (make(batched=False), 0), (make(batched=False), 1))]
    assert [score.accuracy for score in together] == [score.accuracy for score in alone]


def test_without_batching_each_is_trained_when_it_is_asked_for(make):
    pipeline = make(batched=False)
    first, second = ask(Workers(1), (pipeline, 0), (pipeline, 1))
    assert isinstance(first, Deferred)
    first.result()
    assert [stored(pipeline, repetition) for repetition in (0, 1)] == [True, False]
    assert second.result() is second.result()


def test_who_cannot_choose_rows_fails_alone(make):
    good, bad = ask(Workers(1), (make(), 0), (make(Fickle()), 0))
    assert good.result().accuracy > 0
    for _ in range(2):
        with pytest.raises(InvalidValue, match="Saturn"):
            bad.result()


def test_a_training_that_fails_for_all_is_told_to_all(make):
    waiting = ask(Workers(1), *[(make(learning_rate=1e30, schedule="constant"), each) for each in (0, 1)])
    for each in waiting:
        with pytest.raises(InvalidValue, match="non-finite loss"):
            each.result()


def test_more_than_fit_in_a_batch_are_trained_one_batch_after_the_other(make, monkeypatch):
    monkeypatch.setattr("winnow.command.gathering.AT_ONCE", 2)
    pipeline = make()
    waiting = ask(Workers(1), *[(pipeline, repetition) for repetition in range(3)])
    waiting[0].result()
    assert [stored(pipeline, repetition) for repetition in range(3)] == [True, True, False]
    waiting[2].result()
    assert stored(pipeline, 2)


@pytest.mark.timeout(60)
def test_an_interrupted_batch_waits_on(make):
    pipeline = make()
    pipeline = replace(pipeline, method=replace(pipeline.method, augment=InterruptedOnce()))
    (waiting,) = ask(Workers(1), (pipeline, 0))
    with pytest.raises(KeyboardInterrupt):
        waiting.result()
    assert waiting.result().accuracy > 0


def test_a_result_that_cannot_be_stored_is_the_trouble_of_who_asks_for_it(make):
    good, held = make(), make()
    impatient = replace(held, cache=replace(held.cache, lock_timeout=0.0))
    with held.cache.lock(f"trained-{held.trained_key(1)}"):
        first, second, third = ask(Workers(1), (impatient, 0), (impatient, 1), (good, 2))
        assert first.result().accuracy > 0
        assert third.result().accuracy > 0
        with pytest.raises(TryLater):
            second.result()
    assert [stored(good, repetition) for repetition in range(3)] == [True, False, True]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux' process files")
def test_a_result_that_was_found_keeps_no_file_open(make):
    def open_files():
        return len(list(Path("/proc/self/fd").iterdir()))

    ask(Workers(1), (make(), 0))[0].result()
    before = open_files()
    (again,) = ask(Workers(1), (make(), 0))
    assert again.result().found
    assert open_files() == before
