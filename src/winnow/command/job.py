"""One job: a method and its baseline, every repetition of both, tracked, and one line about the outcome."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from winnow.command import sweep
from winnow.command.plan import Plan
from winnow.command.record import OWN, Record, Results, Scores, measured
from winnow.command.workers import Workers, shared_workers
from winnow.errors import TRACEBACK, InvalidValue, WinnowWarning, exit_code, explain
from winnow.pipeline import Method, Pipeline, Score
from winnow.report import style as exhibit
from winnow.report import tables as report
from winnow.report.rows import Row
from winnow.stages import Source, Store, Study
from winnow.store.cache import Cache
from winnow.types import Dataset

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
        if plan.study:
            row = job.shown(row, plan.study)
        if plan.trains:
            row = job.outcome(row)
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
        runs = {record: self.store.finished(record.key) for record in self.records}
        scores = self._found() if all(runs.values()) else None
        complete = scores is not None
        if scores is None:
            scores = self._compute(runs)
        chosen, of_chosen, of_baseline = self.records[-1], scores[self.records[-1]], scores[self.records[0]]
        own, *others = (measured(of_chosen[name], of_baseline[name]) for name in chosen.networks)
        return replace(
            row,
            status="cached" if complete else "ok",
            key=chosen.key,
            run_id=self.store.finished(chosen.key) or "",
            budget=chosen.pipeline.budget,
            options=chosen.options(),
            rows_of_class=[score.rows_of_class for score in of_chosen[OWN]],
            baseline_rows_of_class=[score.rows_of_class for score in of_baseline[OWN]],
            labels_read=chosen.labels_read,
            transfer=dict(zip(self.plan.transfer, others, strict=True)),
            **own,
        )

    def _found(self) -> dict[Record, Scores] | None:
        """Return the scores of all repetitions if every training is in the cache, else None."""
        scores = {}
        for record in self.records:
            scores[record] = {}
            for name, pipeline in record.networks.items():
                trained = [pipeline.finished(repetition) for repetition in range(self.plan.settings.seeds)]
                if not all(trained):
                    return None
                scores[record][name] = [pipeline.score(entry) for entry in trained]
        return scores

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
        observer = self.plan.stages["dynamics"]
        chosen = Method(*stages, budget=settings.budget, seed=settings.seed, dynamics=observer)
        methods = dict.fromkeys([chosen.baseline(), chosen])
        pipelines = [Pipeline(method, self.dataset, cache) for method in methods]
        # One that keeps everything is compared with everything, whatever the budget says.
        budget = pipelines[-1].budget
        return [replace(each, method=replace(each.method, budget=budget)) for each in pipelines]

    @cached_property
    def records(self) -> list[Record]:
        """Every arm, and the same kept rows on the other networks asked for, as the tracker knows them."""
        return [Record(self.plan, self._networks(arm), self.place) for arm in self.arms]

    def _networks(self, arm: Pipeline) -> dict[str, Pipeline]:
        on_others = {
            name: replace(arm, method=replace(arm.method, transfer=model))
            for name, model in self.plan.transfer.items()
        }
        return {OWN: arm} | on_others

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

    def _compute(self, runs: dict[Record, str | None]) -> dict[Record, Scores]:
        workers, scores = shared_workers(self.plan.settings.n_jobs), {}
        with workers.stopping_on_error():
            workers.warm_up()
            asked = self.ask(workers)
            self._ask_ahead(workers)
            # While they work: the command ends with a figure.
            exhibit.warm_up()
            with _progress() as progress:
                for record in self.records:
                    counted = _counted(progress, asked[record], record.name, self.plan.settings.verbose)
                    baseline = scores.get(self.records[0])
                    scores[record] = self._tracked(record, runs[record], counted, baseline)
        return scores

    def ask(self, workers: Workers) -> dict[Record, Results]:
        """Hand out every repetition of every arm on every network, and return what will have their scores."""
        asked, source = {}, self.plan.stages["dataset"]
        for arm in self.arms:
            if arm.method.selector.needs_clustering or arm.method.selector.needs_embedding:
                # Here, not in a worker: all of them would wait for the one, and nobody see its progress.
                arm.embed()
        for record in self.records:
            selector = record.pipeline.method.selector
            repetitions = range(self.plan.settings.seeds)
            if selector.needs_dynamics and workers.width == 1:
                # Without workers nothing is gained by waiting, and a bar here collides with no other.
                for repetition in repetitions:
                    record.pipeline.observe(repetition, f"dynamics {repetition}")
            asked[record] = {
                name: [workers.submit(pipeline, source, repetition).result for repetition in repetitions]
                for name, pipeline in record.networks.items()
            }
        return asked

    def _ask_ahead(self, workers: Workers) -> None:
        for plan in islice(sweep.upcoming(self.number), JOBS_AHEAD):
            same = [plan.stages[group] == self.plan.stages[group] for group in ("dataset", "embedding")]
            one_by_one = workers.width == 1 and not plan.stages["trainer"].trains_together
            if not plan.trains or one_by_one or not all(same):
                continue
            job = Job(plan, 0, self.in_sweep)
            with suppress(InvalidValue):  # told when its turn has come
                job.check_fits()
                job.ask(workers)

    def _tracked(
        self, record: Record, finished_run: str | None, results: Results, against: Scores | None
    ) -> Scores:
        """Wait for the repetitions of one arm, inside a run of its own unless there is one."""
        if finished_run:
            return _awaited(results)
        with record.pipeline.cache.lock(f"run-{record.key}"):
            if self.store.finished(record.key):  # another process was faster
                return _awaited(results)
            tags = {}
            if self.in_sweep or self.plan.study:
                tags = {"winnow.command.sweep": self.place.name, "parent": self._parent}
            return record.write(self.store, tags, results, against)


def _awaited(results: Results) -> Scores:
    return {name: [result() for result in repetitions] for name, repetitions in results.items()}


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


def _counted(progress: Progress, results: Results, name: str, verbose: bool) -> Results:
    """Advance a bar with every result that is waited for; if `verbose`, tell what came and what it cost."""
    task = progress.add_task(name, total=sum(map(len, results.values())))

    def counting(result: Callable[[], Score]) -> Score:
        score = result()
        progress.advance(task)
        if verbose:
            cost = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in score.seconds.items())
            progress.print(
                f"{name}: {score.accuracy:.2f} %, {'found' if score.found else 'computed'}: {cost}"
            )
        return score

    return {
        network: [lambda result=result: counting(result) for result in repetitions]
        for network, repetitions in results.items()
    }
