"""Work through the repetitions of a command: choose the rows of each, and train every set of rows once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from winnow.command.executor import Executor, WorkerDied, died
from winnow.command.interruption import interruption
from winnow.pipeline import Repetition
from winnow.stages import Source
from winnow.types import Score, Subset

TASKS_PER_WORKER = 2  # handed out ahead, so that no worker waits for the next one
TRAINED_TOGETHER = 64  # fewer keep a GPU busy with LeNet-5, and an interruption costs one such group


@dataclass(frozen=True, eq=False)
class Assignment:
    """A repetition to be scored, the source of its data set, and what people know it by."""

    repetition: Repetition
    source: Source
    name: str = ""
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.repetition.key)


@dataclass(eq=False)
class Scheduler:
    """Hands assignments to an executor and knows the outcome of each.

    Parameters
    ----------
    executor : does the work.
    later : assignments of jobs whose turn has not come; taken where workers would otherwise be idle.
    """

    executor: Executor
    later: Iterator[Assignment]
    stage: str = field(default="", init=False)
    """What was begun last, in words: with one worker, what goes on."""
    # None once the outcome is known: a repetition holds the arrays that were computed for it.
    _known: dict[str, Assignment | None] = field(default_factory=dict)
    _outcomes: dict[str, Score | Exception] = field(default_factory=dict)
    _to_choose: deque[Assignment] = field(default_factory=deque)
    _to_train: deque[Assignment] = field(default_factory=deque)
    _of_rows: dict[str, list[Assignment]] = field(default_factory=dict)  # who waits for the same training
    _running: dict[Future, tuple[Assignment, Callable]] = field(default_factory=dict)
    # What was under way when a worker died, and what is or was tried once more for that reason.
    _suspects: deque[tuple[Assignment, Callable]] = field(default_factory=deque)
    _retried: set[tuple[str, Callable]] = field(default_factory=set)

    def add(self, assignments: Iterable[Assignment]) -> None:
        """Take assignments whose turn has come: they go before all others, and workers begin at once.

        Their rows are all chosen without waiting for this process, which may be busy with the tracker.
        """
        new = [each for each in assignments if self._is_new(each)]
        self._to_choose.extendleft(reversed(new))
        if self.executor.width > 1:
            self._hand_out(len(new))

    def score(self, key: str) -> Score:
        """Return the score of an assignment that was added, waiting for it; raise what it failed with."""
        while key not in self._outcomes:
            self._hand_out()
            if self._running:
                for future in self.executor.wait(self._running):
                    self._settle(future)
            else:
                self._train_together(key)
        outcome = self._outcomes[key]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _is_new(self, assignment: Assignment) -> bool:
        return self._known.setdefault(assignment.key, assignment) is assignment

    def _hand_out(self, ahead: int = 0) -> None:
        """Start what there is to do, as far as workers need it or `ahead` of that."""
        if self._suspects or self._is_trial():
            if not self._running:
                self._start(*self._suspects.popleft())
            return
        most = 1 if self.executor.width == 1 else max(ahead, TASKS_PER_WORKER * self.executor.width)
        while len(self._running) < most and (task := self._next()):
            self._start(*task)

    def _next(self) -> tuple[Assignment, Callable[[Repetition], Any]] | None:
        if self._to_train:
            return self._to_train.popleft(), score
        if self._to_choose:
            return self._to_choose.popleft(), choose
        if self.executor.width > 1 or self._gathers():
            for assignment in self.later:
                if self._is_new(assignment):
                    return assignment, choose
        return None

    def _start(self, assignment: Assignment, work: Callable[[Repetition], Any]) -> None:
        self.stage = f"{STAGES[work]} {assignment.name}"
        future = self.executor.submit(work, assignment.repetition, assignment.source)
        self._running[future] = assignment, work

    def _settle(self, future: Future) -> None:
        assignment, work = self._running.pop(future)
        error = future.exception()
        if died(error):
            self._after_a_death(assignment, work)
        elif error is not None:
            self._end(assignment, error)
        elif work is score:
            self._end(assignment, future.result())
        else:
            self._chosen(assignment, future.result())

    def _chosen(self, assignment: Assignment, rows: str) -> None:
        """Train on these rows, unless a training on the same rows is under way: then wait for that."""
        waiting = self._of_rows.setdefault(rows, [])
        waiting.append(assignment)
        if len(waiting) == 1 and not self._together(assignment):
            self._to_train.append(assignment)

    def _end(self, assignment: Assignment, outcome: Score | Exception) -> None:
        self._outcomes[assignment.key], self._known[assignment.key] = outcome, None
        for rows, waiting in list(self._of_rows.items()):
            if assignment in waiting:
                # The others find the training in the cache; where that cannot be written, they train.
                self._to_train.extend(each for each in waiting if each is not assignment)
                self._of_rows[rows] = []

    def _after_a_death(self, assignment: Assignment, work: Callable[[Repetition], Any]) -> None:
        """Try a task once more, alone: nobody knows which of those under way brought the worker down."""
        if (assignment.key, work) in self._retried:
            self._end(assignment, WorkerDied())
        else:
            self._retried.add((assignment.key, work))
            self._suspects.append((assignment, work))

    def _is_trial(self) -> bool:
        return any((assignment.key, work) in self._retried for assignment, work in self._running.values())

    # Repetitions that are trained as one network: gathered until the result of one of them is needed.

    @staticmethod
    def _together(assignment: Assignment) -> bool:
        return assignment.repetition.method.trainer.trains_together

    def _gathers(self) -> bool:
        return any(self._together(waiting[0]) for waiting in self._of_rows.values() if waiting)

    def _train_together(self, key: str) -> None:
        """Train the group of the assignment `key` in this process, its rows all being chosen."""
        wanted = self._known[key]
        firsts = [waiting[0] for waiting in self._of_rows.values() if waiting and self._together(waiting[0])]
        of_group = [each for each in firsts if _group(each) == _group(wanted)]
        # The wanted one may wait for a training that another assignment stands for.
        group = sorted(of_group, key=lambda each: self._waits_with(each) is not self._waits_with(wanted))
        self.stage = f"{STAGES[score]} {wanted.name}"
        train_together(group[:TRAINED_TOGETHER], self._end)

    def _waits_with(self, assignment: Assignment) -> Sequence[Assignment] | None:
        return next((waiting for waiting in self._of_rows.values() if assignment in waiting), None)


def choose(repetition: Repetition) -> str:
    """Choose the rows, which then are in the cache, and return what a training on them is known by."""
    return repetition.training(repetition.subset.value).key


def score(repetition: Repetition) -> Score:
    """Choose, train and judge."""
    return repetition.score()


STAGES = {choose: "choosing", score: "training"}


def _group(assignment: Assignment) -> tuple:
    """Return what repetitions must have in common to be trained as one network."""
    repetition = assignment.repetition
    method, read = repetition.method, [step.key for step in repetition.read_by_network.values()]
    stages = method.model, method.augment, method.trainer
    return repetition.dataset.checksum, repetition.budget, *stages, *read


def train_together(group: Sequence[Assignment], end: Callable[[Assignment, Score | Exception], None]) -> None:
    """Train the repetitions of a group as one network; a training that fails takes no other with it."""
    first, kept = group[0].repetition, [each.repetition.subset.value for each in group]
    subsets = [Subset(**entry.arrays) for entry in kept]
    streams = [each.repetition.streams for each in group]
    method = first.method
    try:
        with interruption.interruptible():
            trained = method.trainer.train_together(
                first.as_read(), subsets, method.model, method.augment, streams
            )
    except Exception as error:
        trained = [error] * len(group)
    for each, rows, result in zip(group, kept, trained, strict=True):
        if isinstance(result, Exception):
            end(each, result)
        else:
            each.repetition.training(rows, result).finish()
            end(each, each.repetition.score())
