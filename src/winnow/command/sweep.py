"""One command, from its first job to its last: its plans, its folder, what became of each job, the summary.

The folder `state/runs/<name>` is what all processes of a command share. `sweep.json` lists every job from the
start, so that even after a kill -9 it says truthfully what was done and what was not.
"""

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter

from winnow.command import lists, paths, summary
from winnow.command.arm import Arm, Scores, method_of
from winnow.command.executor import Executor
from winnow.command.interruption import interruption
from winnow.command.job import Job, pending
from winnow.command.plan import Plan
from winnow.command.progress import SweepProgress
from winnow.command.record import Record
from winnow.command.run_folder import beginning_of, new_folder
from winnow.command.scheduler import Assignment, Scheduler
from winnow.dataset.auto import Auto
from winnow.errors import TRACEBACK, DatasetUnavailable, InvalidValue, WinnowError, exit_code, explain
from winnow.network.allocation import Allocation, allocation
from winnow.pipeline import Choice
from winnow.report import tables
from winnow.report.results import Results
from winnow.report.rows import Row, write_rows
from winnow.stages import Source
from winnow.store.cache import Cache
from winnow.store.credentials import without_credentials
from winnow.tracking import Store, Tracker


@dataclass(frozen=True, eq=False)
class Sweep:
    """The jobs of one command, and the folder where it writes.

    Parameters
    ----------
    plans : the jobs, or those of them that run in this process.
    folder : below the state folder.
    first : number of the first of these jobs in the command.
    launched : whether a launcher of Hydra has started this process for them.
    cores : what this process may use.
    """

    plans: Sequence[Plan]
    folder: Path
    first: int = 0
    launched: bool = False
    cores: Allocation = field(default_factory=allocation)
    _rows: dict[int, list[Row]] = field(default_factory=dict)
    _stores: dict[Tracker, Store] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, plans: Sequence[Plan], command: str) -> "Sweep":
        """Make ready for jobs that have all been checked, and list them as pending.

        What a killed command left behind is cleared away first: runs that claim to be running, temporary
        files. `command` is what was typed, without the program's name.

        Raises
        ------
        TryLater
            If the tracking store cannot be reached, before anything is computed.
        """
        interruption.check()
        with interruption.interruptible():
            plans = _decided(plans)
        state_dir = Path(plans[0].settings.state_dir).absolute()
        folder = new_folder(state_dir / "runs")
        sweep = cls(plans, folder)
        stores = [sweep.store_of(plan) for plan in plans]  # an address that is none is refused here
        _make(folder.parent)
        for store in dict.fromkeys(stores):
            interruption.check()
            store.check()
        folder.mkdir()
        write_rows(folder / "sweep.json", [pending(number, plan) for number, plan in enumerate(plans)])
        (folder / summary.COMMAND).write_text(without_credentials(command))
        for store in dict.fromkeys(stores):
            # The last sends what earlier commands could not.
            for prepare in (store.reap, store.send):
                interruption.check()
                prepare()
        jobs = f"{len(plans)} job{'s' * (len(plans) > 1)}"
        print(f"{jobs}, written to {paths.shown(folder)}", file=sys.stderr, flush=True)
        sweep.cache.sweep_temporary()
        return sweep

    def store_of(self, plan: Plan) -> Store:
        """Return where the runs of a job are recorded; one store for all jobs that name the same."""
        tracker = plan.stages.tracker
        if tracker not in self._stores:
            self._stores[tracker] = tracker.open(self.state_dir)
        return self._stores[tracker]

    @property
    def state_dir(self) -> Path:
        """The folder that winnow writes to."""
        return Path(self.plans[0].settings.state_dir).absolute()

    @cached_property
    def jobs(self) -> list[Job]:
        """The jobs with their numbers in the command."""
        faults: dict[Source, DatasetUnavailable] = {}
        return [Job(plan, number, self.cache, faults) for number, plan in enumerate(self.plans, self.first)]

    @cached_property
    def progress(self) -> SweepProgress:
        """The display of how far the command is."""
        return SweepProgress(self.plans, self.first)

    @cached_property
    def cache(self) -> Cache:
        """Where results are kept."""
        return Cache(self.state_dir / "cache").checked()

    def run(self, work: Callable[[], object] | None = None, *, shown: bool = True) -> Results:
        """Run every job, record and print what came of the command, and return it.

        `work` runs the jobs; by default that is done here.

        Raises
        ------
        JobsFailed
            If a job failed; the others were run all the same.
        """
        error: BaseException | None = None
        try:
            (work or self.run_jobs)()
        except BaseException as caught:
            error = caught
            raise
        finally:
            tracker = self.plans[0].stages.tracker
            store = self.store_of(self.plans[0])
            outcome = summary.finish(self.folder, self.jobs, store, tracker, error, shown=shown)
        summary.raise_if_failed(outcome.rows)
        return outcome

    def run_jobs(self) -> None:
        """Run the jobs one after the other; their repetitions share the workers."""
        processes = max(plan.stages.trainer.processes for plan in self.plans)
        executor = Executor(self.plans[0].settings.n_jobs, processes, self.cores.cores)
        scheduler = Scheduler(executor, self._later())
        try:
            for job in self.jobs:
                self._rows[job.number] = self._run(job, scheduler)
                write_rows(self.folder / f"job-{job.number}.json", self._rows[job.number])
        except BaseException:
            executor.stop()
            raise

    def _later(self) -> Iterator[Assignment]:
        """Yield the repetitions of jobs whose turn has not come, as far as nothing has to be embedded."""
        for job in self.jobs:
            if job.asked.trains and job.number not in self._rows:
                with suppress(WinnowError):  # what does not fit its data is reported when its turn has come
                    if job.plan.stages.dataset == self.plans[0].stages.dataset and job.is_embedded:
                        yield from job.assignments()

    def _run(self, job: Job, scheduler: Scheduler) -> list[Row]:
        """Run one job and return its rows, whatever became of it."""
        row = pending(job.number, job.asked)
        try:
            with interruption.blamed():
                row = pending(job.number, job.plan)
                if job.plan.settings.select_only:
                    return [self._select(job, row)]
                outcome = [self._study(job, row)] if job.plan.study else []
                if job.plan.trains:
                    outcome = self._outcome(job, row, scheduler)
                    print(tables.line(outcome), flush=True)
                return outcome
        except Exception as error:
            # Not raised: the other jobs shall go on.
            row = replace(row, status="failed", reason=explain(error), exit_code=exit_code(error))
            if len(self.plans) > 1:
                self._tell(row)
            if os.environ.get(TRACEBACK):
                traceback.print_exc()
            return [row]
        except BaseException as error:
            interrupted = replace(row, status="interrupted", reason=explain(error))
            write_rows(self.folder / f"job-{job.number}.json", [interrupted])
            raise

    def _tell(self, row: Row) -> None:
        """Say that a job failed, and why, unless that was said of another one."""
        sizes = f" k={row.k} budget={row.budget}" if row.k else ""
        reason = "for the same reason" if row.reason in self._told else row.reason
        self._told.add(row.reason)
        print(f"failed: {row.selector}{sizes}: {reason}", file=sys.stderr)

    def _outcome(self, job: Job, row: Row, scheduler: Scheduler) -> list[Row]:
        """Make sure that every repetition of the method and of its baseline is computed and recorded."""
        store = self.store_of(job.plan)
        complete = all(store.finished(arm.key) for arm in job.arms)
        found = job.found() if complete else None
        if found:
            self.progress.skip(job, found)
        scores = found or self._compute(job, store, scheduler)
        self._list(job)
        run_id = store.finished(job.chosen.key) or ""
        outcome = job.rows(row, "cached" if found else "ok", scores)
        own = set(job.chosen.keys.values())
        return [replace(each, run_id=run_id) if each.key in own else each for each in outcome]

    def _compute(self, job: Job, store: Store, scheduler: Scheduler) -> dict[str, Scores]:
        scheduler.executor.start()
        job.embed()
        store.prepare()  # while the workers start: once they work, they wait for this process
        scheduler.add(job.assignments())
        scores: dict[str, Scores] = {}
        with self.progress.of(job, scheduler):
            for arm in dict.fromkeys([job.baseline, job.chosen]):
                against = scores.get(job.baseline.key)
                score_of = self.progress.counting(arm, job, scheduler)
                scores[arm.key] = self._record(job, arm, store, score_of, against)
        return scores

    def _record(self, job: Job, arm: Arm, store: Store, score_of: Callable, against: Scores | None) -> Scores:
        """Score one arm, inside a run of its own unless there is one."""
        with ExitStack() as held:
            with interruption.interruptible():  # another process may be about to write the same run
                held.enter_context(arm.cache.lock(f"run-{arm.key}"))
            if store.finished(arm.key):
                return {name: [score_of(each) for each in arm.repetitions(name)] for name in arm.networks}
            of_sweep = len(self.plans) > 1 or self.launched or job.plan.study
            tags = {"winnow.sweep": self.folder.name} if of_sweep else {}
            parent = self._parent(store) if of_sweep else ""
            record = Record(arm, job.baseline, self.folder, tags, parent, self.cores)
            return record.write(store, score_of, against)

    def _parent(self, store: Store) -> str:
        command = (self.folder / summary.COMMAND).read_text()
        name = f"sweep {beginning_of(self.folder):%m-%d %H:%M:%S}"
        run_id = store.parent(self.folder.name, name, tags={"winnow.command": command})
        (self.folder / summary.PARENT).write_text(run_id)
        return run_id

    def _list(self, job: Job) -> None:
        """Write the lists of a job, as far as its runs were recorded by an earlier command, and the split."""
        only = not self.launched and len({plan.stages.dataset for plan in self.plans}) == 1
        lists.write_split(self.folder, job.dataset, only=only)
        for arm in job.arms:
            lists.complete(self.folder, arm.repetitions(), {"labels_read": arm.labels_read})

    def _select(self, job: Job, row: Row) -> Row:
        """Choose rows and write their lists; nothing is trained."""
        method, started = method_of(job.plan, job.dataset.n), perf_counter()
        numbers = range(job.plan.settings.seeds)
        choices = [Choice(method, job.dataset, self.cache, number) for number in numbers]
        with interruption.interruptible():
            folder = lists.complete(self.folder, choices, {})
        taken = f"{method.budget:,} of {job.dataset.n:,} rows in {perf_counter() - started:.1f} s"
        print(f"{folder.name}: {taken}", flush=True)
        return replace(row, status="ok", k=method.clusterer.k, budget=method.budget)

    def _study(self, job: Job, row: Row) -> Row:
        """Run a study, whose figures and tables the tracker keeps at the end of the command."""
        settings, study = job.plan.settings, job.plan.study
        self._parent(self.store_of(job.plan))
        folder = self.folder / f"study-{row.job}"
        folder.mkdir(parents=True)
        with interruption.interruptible():
            print(study.run(job.dataset, seed=settings.seed, seeds=settings.seeds, folder=folder))
        print(f"figures and tables: {folder}", flush=True)
        return replace(row, status="ok")


def _decided(plans: Sequence[Plan]) -> list[Plan]:
    """Replace `dataset=auto` by the data set that it takes, once for all jobs."""
    taken = {plan.stages.dataset: plan.stages.dataset for plan in plans}
    taken = {source: source.decide() if isinstance(source, Auto) else source for source in taken}
    return [replace(plan, stages=replace(plan.stages, dataset=taken[plan.stages.dataset])) for plan in plans]


def _make(runs: Path) -> None:
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidValue(
            f"state_dir must be a folder that can be written to, got {error.strerror}",
            where=f"state_dir={runs.parent}",
            remedy="choose another with state_dir=...",
        ) from error
