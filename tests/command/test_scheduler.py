"""Who is trained, how often and in which order, with repetitions that note what is done to them."""

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import pytest

from winnow.command.executor import Executor, WorkerDied
from winnow.command.scheduler import Assignment, Scheduler, choose, score
from winnow.dataset.digits import Digits
from winnow.pipeline import Repetition
from winnow.types import Score


def score_of(rows):
    return Score(90.0, 80.0, [1], {"train": float(len(rows))}, found=rows == "")


class Fake(Repetition):
    """A repetition that keeps `rows` and notes in `log` what is computed for it."""

    key = ""

    def __init__(self, key, rows, log, trained, *, together=False, fails=False):
        notes = {"key": key, "rows": rows, "log": log, "trained": trained}
        for name, value in (notes | {"together": together, "fails": fails}).items():
            object.__setattr__(self, name, value)

    @property
    def method(self):
        return SimpleNamespace(trainer=SimpleNamespace(trains_together=self.together))

    @property
    def subset(self):
        self.log.append(f"choose {self.key}")
        return SimpleNamespace(value=self.rows)

    def training(self, kept):
        return SimpleNamespace(key=kept)

    def score(self):
        if self.fails:
            raise ValueError(self.key)
        if self.rows not in self.trained:
            self.log.append(f"train {self.key}")
            self.trained.add(self.rows)
        return score_of(self.rows)


class Inline(Executor):
    """An executor that works at once, and whose worker dies at the first `deaths` tasks."""

    width = 0

    def __init__(self, width=1, deaths=0):
        self.width, self.deaths, self.submitted = width, deaths, []

    def submit(self, work, repetition, source):
        future = Future()
        self.submitted.append((work, repetition.key))
        if self.deaths:
            self.deaths -= 1
            future.set_exception(BrokenProcessPool("killed"))
            return future
        try:
            future.set_result(work(repetition))
        except Exception as error:
            future.set_exception(error)
        return future

    def wait(self, futures):
        return {next(iter(futures))}


@pytest.fixture
def log():
    return []


@pytest.fixture
def make(log):
    trained = set()
    return lambda key, rows=None, **options: Assignment(
        Fake(key, rows or key, log, trained, **options), source=Digits()
    )


def test_a_set_of_rows_is_trained_once_whoever_chose_it(make, log):
    scheduler = Scheduler(Inline(), iter(()))
    scheduler.add([make("random", "same"), make("auto", "same")])
    assert [scheduler.score(key) for key in ("random", "auto")] == [score_of("same")] * 2
    assert [entry for entry in log if entry.startswith("train")] == ["train random"]


def test_an_assignment_that_is_known_is_not_done_again(make):
    executor = Inline()
    scheduler = Scheduler(executor, iter(()))
    for _ in range(2):
        scheduler.add([make("a")])
        assert scheduler.score("a") == score_of("a")
    assert executor.submitted == [(choose, "a"), (score, "a")]


def test_a_single_process_does_nothing_that_is_not_wanted_yet(make, log):
    scheduler = Scheduler(Inline(width=1), iter([make("later")]))
    scheduler.add([make("now")])
    scheduler.score("now")
    assert log == ["choose now", "train now"]


def test_workers_go_on_with_later_jobs_but_after_what_is_wanted(make, log):
    scheduler = Scheduler(Inline(width=2), iter([make("later")]))
    scheduler.add([make("now")])
    scheduler.score("now")
    assert log[0] == "choose now"
    assert "choose later" in log


def test_a_failure_is_raised_to_who_wants_the_score_and_to_nobody_else(make):
    scheduler = Scheduler(Inline(), iter(()))
    scheduler.add([make("bad", fails=True), make("good")])
    with pytest.raises(ValueError, match="bad"):
        scheduler.score("bad")
    assert scheduler.score("good") == score_of("good")


def test_whose_training_failed_for_another_tries_it_himself(make):
    scheduler = Scheduler(Inline(), iter(()))
    scheduler.add([make("bad", "same", fails=True), make("good", "same")])
    with pytest.raises(ValueError, match="bad"):
        scheduler.score("bad")
    assert scheduler.score("good") == score_of("same")


def test_after_the_death_of_a_worker_each_task_is_tried_once_more(make):
    scheduler = Scheduler(Inline(deaths=1), iter(()))
    scheduler.add([make("a")])
    assert scheduler.score("a") == score_of("a")


def test_a_task_whose_worker_dies_again_and_again_fails(make):
    scheduler = Scheduler(Inline(deaths=100), iter(()))
    scheduler.add([make("a")])
    with pytest.raises(WorkerDied, match="a worker process died"):
        scheduler.score("a")


class Deadly(Executor):
    """An executor of several workers; as one pool, all tasks under way fail when one kills its worker."""

    width = 0

    def __init__(self, deadly):
        self.width, self.deadly, self.under_way = 2, deadly, {}

    def submit(self, work, repetition, source):
        future = Future()
        self.under_way[future] = work, repetition
        return future

    def wait(self, futures):
        futures = list(futures)
        if any(self.under_way[future][1].key == self.deadly for future in futures):
            for future in futures:
                future.set_exception(BrokenProcessPool("killed"))
            return set(futures)
        work, repetition = self.under_way[futures[0]]
        futures[0].set_result(work(repetition))
        return {futures[0]}


def test_a_task_that_kills_every_worker_takes_no_other_with_it(make):
    scheduler = Scheduler(Deadly("b"), iter(()))
    scheduler.add([make(key) for key in "abcd"])
    for key in "acd":
        assert scheduler.score(key) == score_of(key)
    with pytest.raises(WorkerDied):
        scheduler.score("b")
