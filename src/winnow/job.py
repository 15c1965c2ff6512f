"""One job: a method and its baseline, every repetition of both, tracked, and one line about the outcome."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from winnow import report, sweep
from winnow.cache import Cache
from winnow.config import Plan
from winnow.errors import TRACEBACK, InvalidValue, WinnowWarning, exit_code, explain
from winnow.pipeline import Method, Pipeline, Score
from winnow.record import Record, seconds_of
from winnow.report import Row
from winnow.tracking import Store
from winnow.types import Dataset, Source, Study
from winnow.workers import Workers, shared_workers

METHOD_GROUPS = ("embedding", "clusterer", "selector", "model", "augment", "trainer")
# Repetitions of so many later jobs are handed out early: no core idles at the end of a job, and those that
# are trained as one network make a larger one.
JOBS_AHEAD = 4


def run(plan: Plan, *, number: int = 0, in_sweep: bool = False) -> Row:
    """Run one job and record what became of it, whatever that is.

    Results that exist are not computed again: a job whose run is finished is answered from the cache.
    """
    job = Job(plan, number, in_sweep)
    row = sweep.pending(number, plan, ())
    try:
        row = job.shown(row, plan.study) if plan.study else job.outcome(row)
    except Exception as error:
        # Not raised: Hydra would stop here or tell it in its own way, and the other jobs shall go on.
        row = replace(row, status="failed", reason=explain(error), exit_code=exit_code(error))
        if in_sweep:
            print(f"failed: {row.selector} k={row.k} budget={row.budget}: {row.reason}", file=sys.stderr)
        if os.environ.get(TRACEBACK):
            traceback.print_exc()
    except BaseException as error:
        sweep.record(job.place, replace(row, status="interrupted", reason=explain(error)))
        raise
    sweep.record(job.place, row)
    if row.scored:
        print(report.line(row), flush=True)
    return row


@dataclass(frozen=True, eq=False)
class Job:
    """A plan at work."""

    plan: Plan
    number: int
    in_sweep: bool

    def outcome(self, row: Row) -> Row:
        """Make sure that every repetition of the method and of its baseline is computed and tracked."""
        self.check_fits()
        seeds = range(self.plan.settings.seeds)
        runs = {arm: self.store.finished(arm.run_key(len(seeds))) for arm in self.arms}
        trained = {arm: [arm.finished(repetition) for repetition in seeds] for arm in self.arms}
        complete = all(runs.values()) and all(all(entries) for entries in trained.values())
        if complete:
            scores = {arm: [arm.score(entry) for entry in trained[arm]] for arm in self.arms}
        else:
            scores = self._compute(runs)
        baseline, chosen = self.arms[0], self.arms[-1]
        return replace(
            row,
            status="cached" if complete else "ok",
            key=chosen.run_key(len(seeds)),
            run_id=self.store.finished(chosen.run_key(len(seeds))) or "",
            budget=chosen.budget,
            options=Record(self.plan, chosen, self.place).options(),
            accuracies=[score.accuracy for score in scores[chosen]],
            worst_class=[score.worst_class for score in scores[chosen]],
            baseline=[score.accuracy for score in scores[baseline]],
            baseline_worst_class=[score.worst_class for score in scores[baseline]],
            seconds=seconds_of(scores[chosen]) | {"baseline": seconds_of(scores[baseline])["train"]},
        )

    def shown(self, row: Row, study: Study) -> Row:
        """Run a study, whose figures and tables the tracker keeps at the end of the command."""
        settings = self.plan.settings
        _ = self._parent
        folder = sweep.exhibits(self.place, row.job)
        folder.mkdir(parents=True)
        print(study.run(self.dataset, seed=settings.seed, seeds=settings.seeds, folder=folder))
        print(f"figures and tables: {folder}", flush=True)
        return replace(row, status="ok")

    def check_fits(self) -> None:
        """Refuse more clusters or kept rows than there are rows, before anything is computed."""
        settings, n, selector = self.plan.settings, self.dataset.n, self.arms[-1].method.selector
        # k first: unless told otherwise, the budget follows it.
        limits = {"k": selector.needs_clustering, "budget": not selector.keeps_everything}
        for name, applies in limits.items():
            value = getattr(settings, name)
            if applies and value > n:
                raise InvalidValue(
                    f"{name} must lie in [1, n={n}], got {value}",
                    where=f"{name}={value}",
                    remedy=f"{self.dataset.name} has {n} training rows",
                )

    @property
    def place(self) -> Path:
        """The folder of the command that this job belongs to."""
        return sweep.folder(self.plan.settings.state_dir)

    @property
    def dataset(self) -> Dataset:
        """The data set, read and verified once in a command."""
        return _load(self.plan.stages["dataset"])

    @cached_property
    def arms(self) -> list[Pipeline]:
        """The baseline and, unless that is what was asked for, the chosen method."""
        settings, cache = self.plan.settings, Cache(self._state / "cache")
        stages = [self.plan.stages[group] for group in METHOD_GROUPS]
        chosen = Method(*stages, budget=settings.budget, seed=settings.seed)
        methods = dict.fromkeys([chosen.baseline(), chosen])
        pipelines = [Pipeline(method, self.dataset, cache) for method in methods]
        # One that keeps everything is compared with everything, whatever the budget says.
        budget = pipelines[-1].budget
        return [replace(each, method=replace(each.method, budget=budget)) for each in pipelines]

    @cached_property
    def store(self) -> Store:
        """Where runs are recorded."""
        return self.plan.stages["tracker"].open(self._state)

    @property
    def _state(self) -> Path:
        return Path(self.plan.settings.state_dir).absolute()

    @cached_property
    def _parent(self) -> str:
        command = (self.place / sweep.COMMAND).read_text()
        run_id = self.store.parent(self.place.name, f"sweep {command}")
        (self.place / sweep.PARENT).write_text(run_id)
        return run_id

    def _compute(self, runs: dict[Pipeline, str | None]) -> dict[Pipeline, list[Score]]:
        workers, scores = shared_workers(self.plan.settings.n_jobs), {}
        with workers.stopping_on_error():
            workers.warm_up()
            asked = self.ask(workers)
            self._ask_ahead(workers)
            with _progress() as progress:
                for arm in self.arms:
                    name, verbose = Record(self.plan, arm, self.place).name, self.plan.settings.verbose
                    with _counted(progress, asked[arm], name, verbose) as counted:
                        scores[arm] = self._tracked(arm, runs[arm], counted, scores.get(self.arms[0]))
        return scores

    def ask(self, workers: Workers) -> dict[Pipeline, list[Callable[[], Score]]]:
        """Hand out every repetition of every arm, and return what will have their scores."""
        asked, source = {}, self.plan.stages["dataset"]
        for arm in self.arms:
            selector = arm.method.selector
            if selector.needs_clustering or selector.needs_embedding:
                # Here, not in a worker: all of them would wait for the one, and nobody see its progress.
                arm.embed()
            repetitions = range(self.plan.settings.seeds)
            asked[arm] = [workers.submit(arm, source, repetition).result for repetition in repetitions]
        return asked

    def _ask_ahead(self, workers: Workers) -> None:
        for plan in islice(sweep.upcoming(self.number), JOBS_AHEAD):
            same = [plan.stages[group] == self.plan.stages[group] for group in ("dataset", "embedding")]
            one_by_one = workers.width == 1 and not plan.stages["trainer"].trains_together
            if plan.study or one_by_one or not all(same):
                continue
            job = Job(plan, 0, self.in_sweep)
            try:
                job.check_fits()
            except InvalidValue:  # told when its turn has come
                continue
            job.ask(workers)

    def _tracked(
        self,
        arm: Pipeline,
        finished_run: str | None,
        repetitions: list[Callable[[], Score]],
        against: list[Score] | None,
    ) -> list[Score]:
        """Wait for the repetitions of one arm, inside a run of its own unless there is one."""
        if finished_run:
            return [score() for score in repetitions]
        key = arm.run_key(len(repetitions))
        with arm.cache.lock(f"run-{key}"):
            if self.store.finished(key):  # another process was faster
                return [score() for score in repetitions]
            tags = {}
            if self.in_sweep:
                tags = {"winnow.sweep": self.place.name, "mlflow.parentRunId": self._parent}
            return Record(self.plan, arm, self.place).write(self.store, tags, repetitions, against)


@lru_cache(maxsize=1)
def _load(source: Source) -> Dataset:
    dataset = source.load()
    if dataset.y.min() == dataset.y.max():
        warnings.warn(
            "all training rows are of one class: there is nothing to tell apart", WinnowWarning, stacklevel=2
        )
    return dataset


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


@contextmanager
def _counted(
    progress: Progress, asked: list[Callable[[], Score]], name: str, verbose: bool
) -> Iterator[list[Callable[[], Score]]]:
    """Advance a bar with every result that is waited for; if `verbose`, tell what came and what it cost."""
    task = progress.add_task(name, total=len(asked))

    def counting(result: Callable[[], Score]) -> Score:
        score = result()
        progress.advance(task)
        if verbose:
            cost = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in score.seconds.items())
            progress.print(
                f"{name}: {score.accuracy:.2f} %, {'found' if score.found else 'computed'}: {cost}"
            )
        return score

    yield [lambda result=result: counting(result) for result in asked]
